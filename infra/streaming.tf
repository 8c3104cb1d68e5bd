locals {
  streaming             = var.streaming_image == "" ? [] : ["streaming"]
  streaming_connections = 8

  streaming_environment = merge(local.malloc, local.log_trace, local.browsers, local.registry, {
    FER_STREAM_MAX_CONNECTIONS = tostring(local.streaming_connections)
  })
}

resource "google_cloud_run_v2_service" "streaming" {
  for_each = toset(local.streaming)

  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = false

  # The live socket belongs to the web app: it is open to everybody only where the app is, and then only through its
  # origin. No identity is asked for instead of granting it to everybody, which some organisations refuse.
  ingress              = var.domain == "" ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  invoker_iam_disabled = var.domain != ""

  template {
    service_account                  = google_service_account.account["streaming"].email
    timeout                          = "3600s"
    max_instance_request_concurrency = local.streaming_connections

    scaling {
      min_instance_count = 0
      max_instance_count = 5
    }

    containers {
      image = var.streaming_image

      resources {
        limits = { cpu = "2", memory = "2Gi" }
        # Billed while a socket is open, and not for the quarter of an hour that an instance stays after the last.
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        http_get {
          path = "/"
        }
      }

      dynamic "env" {
        for_each = local.streaming_environment

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  depends_on = [google_storage_bucket_iam_policy.data]
}
