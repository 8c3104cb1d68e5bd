terraform {
  required_version = ">= 1.7"

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
