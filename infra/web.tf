# One origin for the web app, if a domain is given: the app's files, and by path the functions and the live socket.
# Export is not behind it: it asks for an identity token, which a browser does not have.

locals {
  web = var.domain == "" ? [] : ["web"]

  # Path of the web app's origin → the Cloud Run service that answers it.
  services = merge(
    {
      predict  = google_cloudfunctions2_function.function["predict"].name
      feedback = google_cloudfunctions2_function.function["feedback"].name
    },
    { for key, service in google_cloud_run_v2_service.streaming : key => service.name },
  )
  routes = {
    predict   = ["/predict_expression", "/predict_expression/"]
    feedback  = ["/save_expression_feedback", "/save_expression_feedback/*"]
    streaming = ["/stream", "/stream/"]
  }

  routed = var.domain == "" ? {} : local.services

  content_types = {
    css         = "text/css"
    html        = "text/html; charset=utf-8"
    ico         = "image/x-icon"
    js          = "text/javascript"
    json        = "application/json"
    png         = "image/png"
    svg         = "image/svg+xml"
    txt         = "text/plain; charset=utf-8"
    wasm        = "application/wasm"
    webmanifest = "application/manifest+json"
    webp        = "image/webp"
    woff2       = "font/woff2"
  }
  web_files = var.domain == "" ? [] : fileset("${path.module}/../web/dist", "**")
}

# The app's own files and nothing else; they are public as every web page is.
resource "google_storage_bucket" "web" {
  # checkov:skip=CKV_GCP_78: The files come from `make web` and can be built again.
  # checkov:skip=CKV_GCP_62: The load balancer answers for it.
  # checkov:skip=CKV_GCP_114: A web page is public; the bucket holds nothing else.
  for_each = toset(local.web)

  name          = "${var.project}-${var.name}-${each.key}"
  location      = var.region
  force_destroy = true

  uniform_bucket_level_access = true
  public_access_prevention    = "inherited"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  website {
    main_page_suffix = "index.html"
    not_found_page   = "index.html"
  }

  depends_on = [google_project_service.needed]
}

# Objects may be read but not listed.
resource "google_storage_bucket_iam_member" "web_public" {
  # checkov:skip=CKV_GCP_28: A web page is public; nobody may list, and nothing else is in the bucket.
  for_each = toset(local.web)

  bucket = google_storage_bucket.web[each.key].name
  role   = "roles/storage.legacyObjectReader"
  member = "allUsers"
}

resource "google_storage_bucket_object" "web" {
  for_each = toset(local.web_files)

  bucket       = google_storage_bucket.web["web"].name
  name         = each.key
  source       = "${path.module}/../web/dist/${each.key}"
  content_type = lookup(local.content_types, reverse(split(".", each.key))[0], "application/octet-stream")
  # The build gives every file but these a name that changes with its content.
  cache_control = startswith(each.key, "assets/") ? "public, max-age=31536000, immutable" : "no-cache"
}

resource "google_compute_backend_bucket" "web" {
  for_each = toset(local.web)

  # Without a load_balancing_scheme: the only one that a backend bucket takes is that of internal load balancers.
  name        = "${var.name}-${each.key}"
  bucket_name = google_storage_bucket.web[each.key].name

  # As the local server sends them with the app (local/web_app.py).
  custom_response_headers = [
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy: camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy: same-origin",
    "Referrer-Policy: no-referrer",
    "X-Content-Type-Options: nosniff",
    "Strict-Transport-Security: max-age=31536000",
  ]
}

resource "google_compute_region_network_endpoint_group" "service" {
  for_each = local.routed

  name                  = "${var.name}-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value
  }
}

resource "google_compute_backend_service" "service" {
  for_each = local.routed

  name                  = "${var.name}-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"

  security_policy = google_compute_security_policy.service["web"].id

  backend {
    group = google_compute_region_network_endpoint_group.service[each.key].id
  }

  # Its log would tie an address and a time to a correction that was stored at that time.
  log_config {
    enable = false
  }
}

# Nobody gets more than their share; with a domain there is no way past the load balancer (ingress).
resource "google_compute_security_policy" "service" {
  # checkov:skip=CKV_GCP_73: There is no Log4j to protect; the services are Python.
  for_each = toset(local.web)

  name = "${var.name}-${each.key}"

  rule {
    description = "At most requests_per_minute for each address"
    action      = "throttle"
    priority    = 1000

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.requests_per_minute
        interval_sec = 60
      }
    }
  }

  # Every policy has to end with a rule for all.
  rule {
    description = "Everybody else"
    action      = "allow"
    priority    = 2147483647

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_compute_url_map" "web" {
  for_each = toset(local.web)

  name            = "${var.name}-${each.key}"
  default_service = google_compute_backend_bucket.web[each.key].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "app"
  }

  path_matcher {
    name            = "app"
    default_service = google_compute_backend_bucket.web[each.key].id

    dynamic "path_rule" {
      for_each = local.routed

      content {
        paths   = local.routes[path_rule.key]
        service = google_compute_backend_service.service[path_rule.key].id
      }
    }
  }
}

resource "google_compute_url_map" "to_https" {
  for_each = toset(local.web)

  name = "${var.name}-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_global_address" "web" {
  for_each = toset(local.web)

  name = "${var.name}-${each.key}"

  depends_on = [google_project_service.needed]
}

resource "google_compute_managed_ssl_certificate" "web" {
  for_each = toset(local.web)

  # Another domain is another certificate, and the proxy has one until it is given the next.
  name = "${var.name}-${each.key}-${substr(sha256(var.domain), 0, 8)}"

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.needed]
}

resource "google_compute_ssl_policy" "web" {
  for_each = toset(local.web)

  name            = "${var.name}-${each.key}"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.needed]
}

resource "google_compute_target_https_proxy" "web" {
  for_each = toset(local.web)

  name             = "${var.name}-${each.key}"
  url_map          = google_compute_url_map.web[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.web[each.key].id]
  ssl_policy       = google_compute_ssl_policy.web[each.key].id
}

resource "google_compute_target_http_proxy" "to_https" {
  for_each = toset(local.web)

  name    = "${var.name}-to-https"
  url_map = google_compute_url_map.to_https[each.key].id
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = toset(local.web)

  name                  = "${var.name}-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.web[each.key].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.web[each.key].id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = toset(local.web)

  name                  = "${var.name}-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.web[each.key].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https[each.key].id
}
