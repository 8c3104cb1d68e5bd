terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
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
