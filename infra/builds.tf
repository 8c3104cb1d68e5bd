# What builds the functions and the images. New organisations give the default accounts no roles, so builds have an
# account of their own (https://cloud.google.com/functions/docs/securing/build-custom-sa names the rights it needs).

locals {
  build_account = google_service_account.account["build"]

  # streaming and retraining by Cloud Build from here, the functions by Cloud Run functions.
  repositories = {
    images    = { id = var.name, content = "Images of the streaming service and the retraining job" }
    functions = { id = "${var.name}-functions", content = "Images of the functions" }
  }
}

resource "google_artifact_registry_repository" "repository" {
  # checkov:skip=CKV_GCP_84: The images hold no secret and no face; Google's own keys will do.
  for_each = local.repositories

  repository_id = each.value.id
  location      = var.region
  format        = "DOCKER"
  description   = each.value.content

  # Each deployment of something changed adds images. Tags are not made immutable: such a tag cannot be deleted.
  cleanup_policy_dry_run = false

  cleanup_policies {
    id     = "old"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "2592000s"
    }
  }

  # What runs is among the latest of its name; it wins over the rule above.
  cleanup_policies {
    id     = "latest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_artifact_registry_repository_iam_member" "build_pushes" {
  for_each = local.repositories

  location   = var.region
  repository = google_artifact_registry_repository.repository[each.key].name
  role       = "roles/artifactregistry.writer"
  member     = local.build_account.member
}

# Logs belong to a project; there is nothing smaller to grant it on.
resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = local.build_account.member
}

# Cloud Run functions copies an archive to a bucket of its own, which is there only after the first function.
resource "google_project_iam_member" "build_reads_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = local.build_account.member

  condition {
    title      = "source buckets only"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\") || resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.source.name}\")"
  }
}
