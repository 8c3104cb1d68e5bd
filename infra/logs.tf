# A line of the platform's own request log has the caller's address and the time; a correction is stored at that time.
# Nothing reads these lines: the alerts count metrics, and the services log without addresses. Export's are kept, because
# they show who fetched the faces.
resource "google_logging_project_exclusion" "requests" {
  name        = "${var.name}-requests"
  description = "Request logs of predict, feedback and streaming, which have addresses"
  filter      = "log_id(\"run.googleapis.com/requests\") AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for key in ["predict", "feedback", "streaming"] : "\"${var.name}-${key}\""])})"

  depends_on = [google_project_service.needed]
}
