# The feedback, the merged CSV and the models. What lies in it: docs/storage_format.md.
resource "google_storage_bucket" "data" {
  # checkov:skip=CKV_GCP_78: What is deleted must be gone, and the merge makes a new generation of the CSV each time.
  # checkov:skip=CKV_GCP_62: Access logs would keep who sent which face and when; Cloud Audit Logs say who changed rights.
  name          = "${var.project}-${var.name}-data"
  location      = var.region
  force_destroy = var.destroy_data

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # The objects are pictures of faces: what is deleted must be gone.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  # Tombstones. Only they have a custom time, which is the time of their merge; a shard that waits for its merge has none
  # and can never match. Export removes tombstones itself after receipt_days; this catches what it left.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_custom_time = var.receipt_days + 1
      matches_prefix         = ["shards/"]
    }
  }

  # Segments of a batch that was never committed. They are copies: their shards are still there.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 7
      matches_prefix = ["segments/"]
    }
  }

  depends_on = [google_project_service.needed]
}

# The functions' source, one object per content: its name is the digest of what is in it. Under cloudbuild/, what Cloud
# Build is given for an image; without a place of our own, that would go to the United States.
resource "google_storage_bucket" "source" {
  # checkov:skip=CKV_GCP_78: An object is named by its content and never changes.
  # checkov:skip=CKV_GCP_62: Only deployments read and write it.
  name          = "${var.project}-${var.name}-source"
  location      = var.region
  force_destroy = true

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 7
      matches_prefix = ["cloudbuild/"]
    }
  }

  depends_on = [google_project_service.needed]
}
