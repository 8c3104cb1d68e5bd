resource "google_cloud_run_v2_service_iam_member" "schedule_merge" {
  location = var.region
  name     = google_cloudfunctions2_function.function["export"].name
  role     = "roles/run.invoker"
  member   = google_service_account.account["schedule-merge"].member
}

resource "google_cloud_scheduler_job" "merge" {
  name             = "${var.name}-merge"
  region           = var.region
  schedule         = var.merge_schedule
  time_zone        = var.time_zone
  attempt_deadline = "300s"

  http_target {
    http_method = "POST"
    uri         = "${google_cloudfunctions2_function.function["export"].service_config[0].uri}/merge"

    oidc_token {
      service_account_email = google_service_account.account["schedule-merge"].email
      audience              = google_cloudfunctions2_function.function["export"].service_config[0].uri
    }
  }

  retry_config {
    retry_count          = 2
    min_backoff_duration = "30s"
  }

  depends_on = [google_cloud_run_v2_service_iam_member.schedule_merge]
}

resource "google_cloud_run_v2_job_iam_member" "schedule_retrain" {
  for_each = toset(local.retraining)

  location = var.region
  name     = google_cloud_run_v2_job.retraining[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.account["schedule-retrain"].member
}

resource "google_cloud_scheduler_job" "retrain" {
  for_each = toset(local.retraining)

  name             = "${var.name}-retrain"
  region           = var.region
  schedule         = var.retrain_schedule
  time_zone        = var.time_zone
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.retraining[each.key].id}:run"

    # A Google API, unlike a service of one's own, takes an access token and no identity token.
    oauth_token {
      service_account_email = google_service_account.account["schedule-retrain"].email
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.schedule_retrain]
}
