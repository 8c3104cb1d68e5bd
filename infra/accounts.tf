# One account for each thing that runs. None has a role in the project: what it may do is granted on the bucket, the
# service or the job it needs (builds.tf has the one exception). infra/README.md says which step of the protocol needs
# which permission.

locals {
  accounts = {
    predict          = "Answers predictions; reads the models"
    feedback         = "Writes shards, and empties those that are taken back"
    export           = "Merges the shards and hands out the CSV"
    streaming        = "Answers live video; reads the models"
    build            = "Builds the functions and the images"
    retrain          = "Reads the CSV, writes models"
    schedule-merge   = "Calls the export's merge"
    schedule-retrain = "Starts the retraining job"
  }

  permissions = {
    reader   = ["storage.objects.get"]
    lister   = ["storage.objects.list"]
    creator  = ["storage.objects.create"]
    replacer = ["storage.objects.create", "storage.objects.delete"]
  }

  # Key: account, what it does. An object is one name, or all names under a prefix that ends in a slash.
  grants = {
    predict_reads_models  = { account = "predict", role = "reader", object = "models/" }
    stream_reads_models   = { account = "streaming", role = "reader", object = "models/" }
    feedback_lists        = { account = "feedback", role = "lister", object = "" }
    feedback_reads_csv    = { account = "feedback", role = "reader", object = "expression_pixel_data.csv" }
    feedback_reads_shards = { account = "feedback", role = "reader", object = "shards/" }
    feedback_keeps_shards = { account = "feedback", role = "replacer", object = "shards/" }
    feedback_reads_secret = { account = "feedback", role = "reader", object = "secrets/receipts" }
    feedback_makes_secret = { account = "feedback", role = "creator", object = "secrets/receipts" }
    export_lists          = { account = "export", role = "lister", object = "" }
    export_reads_csv      = { account = "export", role = "reader", object = "expression_pixel_data.csv" }
    export_commits_csv    = { account = "export", role = "replacer", object = "expression_pixel_data.csv" }
    export_reads_shards   = { account = "export", role = "reader", object = "shards/" }
    export_retires_shards = { account = "export", role = "replacer", object = "shards/" }
    export_reads_intents  = { account = "export", role = "reader", object = "intents/" }
    export_keeps_intents  = { account = "export", role = "replacer", object = "intents/" }
    export_reads_segments = { account = "export", role = "reader", object = "segments/" }
    export_keeps_segments = { account = "export", role = "replacer", object = "segments/" }
    export_reads_models   = { account = "export", role = "reader", object = "models/" }
    retrain_lists         = { account = "retrain", role = "lister", object = "" }
    retrain_reads_csv     = { account = "retrain", role = "reader", object = "expression_pixel_data.csv" }
    retrain_reads_models  = { account = "retrain", role = "reader", object = "models/" }
    retrain_adds_models   = { account = "retrain", role = "creator", object = "models/" }
    retrain_moves_pointer = { account = "retrain", role = "replacer", object = "models/champion.json" }
    retrain_reads_records = { account = "retrain", role = "reader", object = "retraining/" }
    retrain_keeps_records = { account = "retrain", role = "replacer", object = "retraining/" }
  }
}

resource "google_service_account" "account" {
  for_each = local.accounts

  account_id   = "${var.name}-${each.key}"
  display_name = each.value

  depends_on = [google_project_service.needed]
}

# A part of the roles' names that is new in each installation: Google reserves the name of a deleted role for 37 days.
resource "terraform_data" "installation" {}

locals {
  roles = replace(terraform_data.installation.id, "-", "_")

  # Role and object → who has it there. Listing is a right on the bucket, which an object's name cannot narrow.
  bindings = { for key, grant in local.grants : "${grant.role} ${grant.object}" => grant... }
  objects  = "projects/_/buckets/${google_storage_bucket.data.name}/objects"
}

resource "google_project_iam_custom_role" "objects" {
  for_each = local.permissions

  role_id     = "${var.name}Object${title(each.key)}_${local.roles}"
  title       = "Facial-expression functions: object ${each.key}"
  permissions = each.value
}

# All rights on the bucket, and nothing else: a new bucket lets the project's viewers read and its editors write,
# and this policy leaves both out. Owners keep the administration, without which nobody could change this; an owner who
# wants to read faces has to say so here or in the policy, and both are logged.
data "google_iam_policy" "data" {
  binding {
    role    = "roles/storage.legacyBucketOwner"
    members = ["projectOwner:${var.project}"]
  }

  dynamic "binding" {
    for_each = toset(length(var.data_admins) == 0 ? [] : ["roles/storage.objectUser"])

    content {
      role    = binding.value
      members = var.data_admins
    }
  }

  dynamic "binding" {
    for_each = local.bindings

    content {
      role    = google_project_iam_custom_role.objects[binding.value[0].role].id
      members = [for grant in binding.value : google_service_account.account[grant.account].member]

      dynamic "condition" {
        for_each = binding.value[0].object == "" ? [] : [binding.value[0].object]

        content {
          title = replace(binding.key, "/[^a-z]+/", "-")
          expression = (
            endswith(condition.value, "/")
            ? "resource.name.startsWith(\"${local.objects}/${condition.value}\")"
            : "resource.name == \"${local.objects}/${condition.value}\""
          )
        }
      }
    }
  }
}

resource "google_storage_bucket_iam_policy" "data" {
  bucket      = google_storage_bucket.data.name
  policy_data = data.google_iam_policy.data.policy_data
}

# Who read what, in Cloud Audit Logs. It is a setting of the project and covers its other buckets too. Predict and
# streaming look at the champion's pointer every minute and may read no face.
resource "google_project_iam_audit_config" "storage" {
  project = var.project
  service = "storage.googleapis.com"

  audit_log_config {
    log_type         = "DATA_READ"
    exempted_members = [for name in ["predict", "streaming"] : google_service_account.account[name].member]
  }
}

# A download link is signed through IAM, without a key: the account signs as itself, and only that.
resource "google_project_iam_custom_role" "signer" {
  role_id     = "${var.name}Signer_${local.roles}"
  title       = "Facial-expression functions: signer"
  permissions = ["iam.serviceAccounts.signBlob"]
}

resource "google_service_account_iam_member" "export_signs" {
  service_account_id = google_service_account.account["export"].name
  role               = google_project_iam_custom_role.signer.id
  member             = google_service_account.account["export"].member
}
