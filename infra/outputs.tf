output "predict_url" {
  description = "POST a picture here."
  value       = var.domain == "" ? google_cloudfunctions2_function.function["predict"].service_config[0].uri : "https://${var.domain}/predict_expression"
}

output "feedback_url" {
  description = "POST a picture and the right label here."
  value       = var.domain == "" ? google_cloudfunctions2_function.function["feedback"].service_config[0].uri : "https://${var.domain}/save_expression_feedback"
}

output "export_url" {
  description = "Download, statistics and merge, for export_readers with an identity token."
  value       = google_cloudfunctions2_function.function["export"].service_config[0].uri
}

output "streaming_url" {
  description = "The live socket, at /stream; through the web app's origin where there is a domain."
  value       = var.domain == "" ? one([for service in google_cloud_run_v2_service.streaming : service.uri]) : "https://${var.domain}"
}

output "web_url" {
  description = "The web app, once the domain's A record points to web_address and the certificate is there (up to an hour)."
  value       = var.domain == "" ? null : "https://${var.domain}"
}

output "web_address" {
  description = "The address that the domain's A record must name."
  value       = one([for address in google_compute_global_address.web : address.address])
}

output "bucket" {
  description = "Feedback, the CSV and the models."
  value       = "gs://${google_storage_bucket.data.name}"
}

output "images" {
  description = "Where the images of streaming and retraining are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.repository["images"].repository_id}"
}

output "build_account" {
  description = "The account that builds the images."
  value       = local.build_account.id
}
