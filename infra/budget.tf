# A warning when a month costs more than it should. It stops nothing: what limits the bill is max_instances, and with a
# domain the throttle at the load balancer. infra/README.md has the arithmetic.
resource "google_billing_budget" "month" {
  # The billing API belongs to no project of its own; a person's credentials have to name one.
  provider = google.billing
  for_each = toset(var.budget == 0 || var.billing_account == "" ? [] : ["month"])

  billing_account = var.billing_account
  display_name    = "${var.name} in ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  # In the currency of the billing account.
  amount {
    specified_amount {
      units = tostring(var.budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  # The billing account's administrators are written to in any case.
  dynamic "all_updates_rule" {
    for_each = toset(var.alert_email == "" ? [] : ["email"])

    content {
      monitoring_notification_channels = local.channels
      enable_project_level_recipients  = true
    }
  }

  depends_on = [google_project_service.needed]
}

data "google_project" "this" {
  project_id = var.project

  depends_on = [google_project_service.needed]
}
