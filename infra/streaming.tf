resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84: The images hold no secret and no face; Google's own keys will do.
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the streaming service and the retraining job"

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.needed]
}

locals {
  streaming             = var.streaming_image == "" ? [] : ["streaming"]
  streaming_connections = 8

  streaming_environment = merge(local.log_trace, local.browsers, local.registry, {
    FER_STREAM_MAX_CONNECTIONS = tostring(local.streaming_connections)
    MALLOC_ARENA_MAX           = "2"
  })
}

resource "google_cloud_run_v2_service" "streaming" {
  for_each = toset(local.streaming)

  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = false

  # With a domain, only the load balancer reaches it: a socket is as good as open-ended, and the origin is one anyway.
  ingress = var.domain == "" ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

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
        limits            = { cpu = "2", memory = "2Gi" }
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

  depends_on = [google_storage_bucket_iam_member.data]
}

# The live socket belongs to the web app: it is open to everybody only where the app is, and then only through its origin.
resource "google_cloud_run_v2_service_iam_member" "streaming_public" {
  for_each = toset(var.domain == "" ? [] : local.streaming)

  location = var.region
  name     = google_cloud_run_v2_service.streaming[each.key].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
