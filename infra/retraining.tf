locals {
  retraining = var.training_image == "" ? [] : ["retrain"]

  retraining_environment = merge(local.log_trace, local.bucket)

  # training/retraining/retrain.py; FER2013 for the replay, where one may use it, goes into the image or a volume of its own.
  retraining_arguments = [
    "--csv", "gs://${google_storage_bucket.data.name}",
    "--bucket", "gs://${google_storage_bucket.data.name}",
    "--workdir", "/tmp/retrain",
  ]
}

resource "google_cloud_run_v2_job" "retraining" {
  for_each = toset(local.retraining)

  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = false

  template {
    task_count = 1

    template {
      service_account = google_service_account.account["retrain"].email
      # A refused challenger is refused the second time too.
      max_retries = 0
      timeout     = "21600s"

      containers {
        image = var.training_image
        args  = local.retraining_arguments

        resources {
          limits = { cpu = "4", memory = "8Gi" }
        }

        dynamic "env" {
          for_each = local.retraining_environment

          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  depends_on = [google_storage_bucket_iam_policy.data]
}
