locals {
  # "none" is an origin that no browser has; an empty value would mean the default, which is every origin.
  origins = concat(var.domain == "" ? [] : ["https://${var.domain}"], var.allowed_origins)

  browsers  = { FER_ALLOWED_ORIGINS = length(local.origins) == 0 ? "none" : join(",", local.origins) }
  bucket    = { FER_BUCKET = "gs://${google_storage_bucket.data.name}" }
  registry  = { FER_MODEL_URI = "gs://${google_storage_bucket.data.name}", FER_MODEL_REFRESH_S = tostring(var.model_refresh_s) }
  receipts  = { FER_RECEIPT_DAYS = tostring(var.receipt_days) }
  log_trace = { GOOGLE_CLOUD_PROJECT = var.project }

  # glibc gives every thread a heap of its own and keeps it: two keep the memory small. And it gives a picture's memory
  # back at once, only to ask for it again, page by page, for the next one.
  malloc = {
    MALLOC_ARENA_MAX       = "2"
    MALLOC_MMAP_THRESHOLD_ = "33554432"
    MALLOC_TRIM_THRESHOLD_ = "67108864"
  }

  # threads: requests at once in one instance; the function is given as many threads. Above one, a whole CPU is needed.
  functions = {
    predict = {
      threads       = 4
      memory        = "1Gi"
      timeout_s     = 60
      min_instances = var.min_instances
      max_instances = var.max_instances
      environment   = merge(local.log_trace, local.browsers, local.registry, { FER_ANNOTATE_FORMATS = var.annotate_formats })
      # With a domain, callers come through the load balancer, which throttles them.
      behind_balancer = true
    }
    feedback = {
      threads       = 4
      memory        = "1Gi"
      timeout_s     = 60
      min_instances = 0
      max_instances = ceil(var.max_instances / 2)
      environment   = merge(local.log_trace, local.browsers, local.bucket, local.receipts)

      behind_balancer = true
    }
    export = {
      threads       = 8
      memory        = "512Mi"
      timeout_s     = 300
      min_instances = 0
      max_instances = 2
      # Nobody reaches it but export_readers and the merge schedule, with an identity token.
      environment = merge(local.log_trace, local.browsers, local.bucket, local.receipts, { FER_EXPORT_WITHOUT_TOKEN = "iam" })
      # The load balancer cannot pass on an identity token, and its readers call it from anywhere.
      behind_balancer = false
    }
  }

  builds = { for name in keys(local.functions) : name => jsondecode(file("${path.module}/../build/${name}/build_info.json")) }
}

resource "google_storage_bucket_object" "source" {
  for_each = local.functions

  bucket = google_storage_bucket.source.name
  name   = "${each.key}/${local.builds[each.key].digest}.zip"
  source = "${path.module}/../build/${each.key}.zip"

  lifecycle {
    # The name is the content. Only the commit that the archive mentions may differ, and that is no reason to deploy.
    ignore_changes = [source, detect_md5hash, source_md5hash]
    # The old source stays until the function is built from the new one.
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "function" {
  # checkov:skip=CKV_GCP_124: Without a domain predict and feedback are public; IAM guards export, called from anywhere.
  for_each = local.functions

  name     = "${var.name}-${each.key}"
  location = var.region

  build_config {
    runtime           = "python311"
    entry_point       = each.key
    service_account   = local.build_account.id
    docker_repository = google_artifact_registry_repository.repository["functions"].id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.account[each.key].email
    ingress_settings                 = each.value.behind_balancer && var.domain != "" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_ALL"
    available_cpu                    = "1"
    available_memory                 = each.value.memory
    timeout_seconds                  = each.value.timeout_s
    min_instance_count               = each.value.min_instances
    max_instance_count               = each.value.max_instances
    max_instance_request_concurrency = each.value.threads

    environment_variables = merge(local.malloc, each.value.environment, {
      # The functions framework's threads; without it they follow the cores of the machine.
      THREADS = tostring(each.value.threads)
      # Per client and instance; with a domain the load balancer counts for all of them, and nobody gets past it.
      FER_REQUESTS_PER_MINUTE = var.domain == "" ? tostring(var.requests_per_minute) : ""
      # Cloud Run's front end, which appends its caller's address.
      FER_PROXY_HOPS = "1"
    })
  }

  depends_on = [
    google_project_service.needed,
    google_storage_bucket_iam_policy.data,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_reads_sources,
    google_artifact_registry_repository_iam_member.build_pushes,
  ]
}

# Who may call what. Everything that is public stands here and in streaming.tf and web.tf, and a test counts it.
resource "google_cloud_run_v2_service_iam_member" "caller" {
  for_each = { for pair in setproduct(["predict", "feedback"], var.callers) : join(" ", pair) => pair }

  location = var.region
  name     = google_cloudfunctions2_function.function[each.value[0]].name
  role     = "roles/run.invoker"
  member   = each.value[1]
}

resource "google_cloud_run_v2_service_iam_member" "export_reader" {
  for_each = toset(var.export_readers)

  location = var.region
  name     = google_cloudfunctions2_function.function["export"].name
  role     = "roles/run.invoker"
  member   = each.key
}
