resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_email == "" ? [] : ["email"])

  display_name = "${var.name} alerts"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.needed]
}

locals {
  channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  # The services' names all begin with it.
  requests = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = starts_with(\"${var.name}-\") AND metric.type = \"run.googleapis.com/request_count\""
}

resource "google_monitoring_alert_policy" "errors" {
  display_name          = "${var.name}: more than 5 % of the answers are server errors"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "Share of 5xx per service, over ten minutes"

    condition_threshold {
      filter             = "${local.requests} AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = local.requests
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.05
      duration           = "0s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }

      denominator_aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The service's log has one line for each request; those with severity ERROR carry a stack trace."
  }

  depends_on = [google_project_service.needed]
}

# How much a merge left over. 0 as a rule: it stops only when nothing is left or its time is up.
resource "google_logging_metric" "pending_shards" {
  name            = "${var.name}/pending_shards"
  description     = "Unmerged feedback at the end of each merge"
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-export\" AND jsonPayload.pending_shards>=0"
  value_extractor = "EXTRACT(jsonPayload.pending_shards)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "1"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 24
      growth_factor      = 2
      scale              = 1
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_alert_policy" "backlog" {
  display_name          = "${var.name}: feedback is not being merged"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "Every merge of the last hour left too much over"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.pending_shards.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.backlog_alert_shards
      duration        = "3600s"

      aggregations {
        alignment_period   = "1800s"
        per_series_aligner = "ALIGN_PERCENTILE_05"
        # A deployment begins a new series; all of them together are the merges.
        cross_series_reducer = "REDUCE_MIN"
      }
    }
  }

  conditions {
    display_name = "No merge at all for three hours"

    condition_absent {
      filter   = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.pending_shards.name}\""
      duration = "10800s"

      aggregations {
        alignment_period   = "1800s"
        per_series_aligner = "ALIGN_PERCENTILE_50"
        # Without it, each deployment of export would end a series and so raise the alert three hours later.
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Acknowledged feedback is safe in the bucket under `shards/` however long this lasts; it is only missing from the CSV. Look at the schedule `${var.name}-merge` and at the log of `${var.name}-export`."
  }
}

# Absence can be seen only of what was once there. A merge that never worked at all shows up here: Cloud Scheduler writes an
# error for each attempt that was not answered with 2xx.
resource "google_logging_metric" "failed_schedules" {
  name        = "${var.name}/failed_schedules"
  description = "Attempts of the schedules that failed"
  filter      = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=~\"^${var.name}-(merge|retrain)$\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_alert_policy" "schedules" {
  display_name          = "${var.name}: a schedule does not get through"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "Merging failed more than twice in an hour"

    condition_threshold {
      filter     = "resource.type = \"cloud_scheduler_job\" AND resource.labels.job_id = \"${var.name}-merge\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.failed_schedules.name}\""
      comparison = "COMPARISON_GT"
      # One failure and its two repeats are one merge, of which there are four an hour.
      threshold_value = 2
      duration        = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "Retraining could not be started"

    condition_threshold {
      filter          = "resource.type = \"cloud_scheduler_job\" AND resource.labels.job_id = \"${var.name}-retrain\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.failed_schedules.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Look at the log of the schedules `${var.name}-merge` and `${var.name}-retrain`: a status of 403 means that the schedule's account may not call, 404
    that the target does not exist."
  }
}

resource "google_monitoring_alert_policy" "retraining" {
  for_each = toset(local.retraining)

  display_name          = "${var.name}: a retraining run published nothing"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "A run failed, or its gate refused the challenger"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${google_cloud_run_v2_job.retraining[each.key].name}\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The run's log says which point of the gate refused the challenger. The champion keeps serving."
  }
}
