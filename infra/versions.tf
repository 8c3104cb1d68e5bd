terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # The very version whose names and values google_schema.json holds (`make infra-schema`).
      version = "8.7.0"
    }
  }

  # `make deploy` names the bucket: -backend-config=bucket=<project>-<name>-terraform
  backend "gcs" {
    prefix = "facial-expression-functions"
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

# For what belongs to no project: its calls count towards this one.
provider "google" {
  alias = "billing"

  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
}
