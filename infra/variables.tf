variable "project" {
  description = "The Google Cloud project that everything goes into."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Expected a project id: 6 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of the functions, the services and the buckets, for instance europe-west1. The faces stay there."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Expected one region such as europe-west1, neither a zone nor a multi-region."
  }
}

variable "name" {
  description = "What all resources are named after; two installations in one project need two names."
  type        = string
  default     = "fer"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.name))
    error_message = "Expected 2 to 12 lower-case letters and digits, beginning with a letter."
  }
}

variable "allowed_origins" {
  description = "Origins other than https://<domain> whose pages may call predict, feedback and the live socket. With neither, no page may."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^https?://[^/,*\\s]+$", origin))])
    error_message = "Expected origins such as https://app.example, without a path, a comma or a star."
  }
}

variable "domain" {
  description = "Host name of the web app. If it is set, a load balancer serves the app, predict, feedback and the live socket from this one origin; it costs about 18 USD a month. Empty: no load balancer, no web app."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "Expected a host name such as faces.example.org, without https:// or a path."
  }
}

variable "callers" {
  description = "Who may call predict and feedback, as IAM members. If the organisation admits only its own members (domain-restricted sharing), name them here; they then call with an identity token, which a browser does not have."
  type        = list(string)
  default     = ["allUsers"]

  validation {
    condition     = alltrue([for member in var.callers : member == "allUsers" || can(regex("^(user|group|serviceAccount):[^@\\s]+@[^@\\s]+$|^domain:[^@\\s]+$", member))])
    error_message = "Expected allUsers, or user:, group:, serviceAccount: or domain: with an address."
  }

  validation {
    condition     = var.domain == "" || contains(var.callers, "allUsers")
    error_message = "Expected allUsers among the callers if there is a domain: a browser has no identity token."
  }
}

variable "data_admins" {
  description = "Who may read and change what is in the data bucket by hand (promotions, rollbacks, the faces), as IAM members: user:…, group:…, serviceAccount:…. Nobody else may, the project's owners included; each read is logged."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.data_admins : can(regex("^(user|group|serviceAccount):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Expected user:, group: or serviceAccount: with an address."
  }
}

variable "receipt_days" {
  description = "Days for which a correction can be withdrawn after its merge; what is left of it in the bucket stays a day longer."
  type        = number
  default     = 30

  validation {
    condition     = var.receipt_days >= 1 && var.receipt_days == floor(var.receipt_days)
    error_message = "Expected a whole number of days, at least 1."
  }
}

variable "export_readers" {
  description = "Who may merge, download the faces and see the statistics, as IAM members: user:…, group:…, serviceAccount:…."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.export_readers : can(regex("^(user|group|serviceAccount):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Expected user:, group: or serviceAccount: with an address. The export holds biometric data and is never public."
  }
}

variable "streaming_image" {
  description = "Container image of the streaming service with its digest or a tag that names its content; empty leaves the service out. `make deploy` builds and sets it."
  type        = string
  default     = ""

  validation {
    condition     = var.streaming_image == "" || can(regex("^[a-z0-9.-]+/.+(:[0-9a-f]{16,64}|@sha256:[0-9a-f]{64})$", var.streaming_image))
    error_message = "Expected an image named by its content, not by a tag that moves."
  }
}

variable "training_image" {
  description = "Container image of the retraining job, named as for streaming_image; empty leaves the job out."
  type        = string
  default     = ""

  validation {
    condition     = var.training_image == "" || can(regex("^[a-z0-9.-]+/.+(:[0-9a-f]{16,64}|@sha256:[0-9a-f]{64})$", var.training_image))
    error_message = "Expected an image named by its content, not by a tag that moves."
  }
}

variable "merge_schedule" {
  description = "When the export merges what is pending (cron). Downloads merge too, so this only limits what piles up between them."
  type        = string
  default     = "*/15 * * * *"

  validation {
    condition     = length(split(" ", var.merge_schedule)) == 5
    error_message = "Expected five fields, as in cron."
  }
}

variable "retrain_schedule" {
  description = "When a challenger is trained (cron). With nothing new since the last run, the run says so and ends."
  type        = string
  default     = "0 3 * * 0"

  validation {
    condition     = length(split(" ", var.retrain_schedule)) == 5
    error_message = "Expected five fields, as in cron."
  }
}

variable "time_zone" {
  description = "Time zone of the schedules."
  type        = string
  default     = "Etc/UTC"
}

variable "model_refresh_s" {
  description = "Most seconds for which predict and streaming keep serving a model after another has been promoted."
  type        = number
  default     = 60

  validation {
    condition     = var.model_refresh_s >= 1 && var.model_refresh_s == floor(var.model_refresh_s)
    error_message = "Expected a whole number of seconds, at least 1."
  }
}

variable "max_instances" {
  description = "Most instances of predict, and half as many of feedback; this limits the bill when somebody floods them."
  type        = number
  default     = 10

  validation {
    condition     = var.max_instances >= 2 && var.max_instances <= 100
    error_message = "Expected 2 to 100."
  }
}

variable "budget" {
  description = "Monthly budget in the currency of the billing account; emails are sent at 50, 90 and 100 %, and when 100 % is forecast. It warns, but stops nothing; 0: no budget."
  type        = number
  default     = 25

  validation {
    condition     = var.budget >= 0 && var.budget == floor(var.budget)
    error_message = "Expected a whole amount, 0 or more."
  }
}

variable "billing_account" {
  description = "The billing account that the budget belongs to, such as 012345-6789AB-CDEF01. `make deploy` finds and sets it."
  type        = string
  default     = ""

  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}(-[0-9A-F]{6}){2}$", var.billing_account))
    error_message = "Expected an id such as 012345-6789AB-CDEF01."
  }
}

variable "requests_per_minute" {
  description = "Requests that one address may make in a minute before it gets a 429: from the load balancer with a domain, otherwise from each instance for itself. Everybody behind one office's address shares them."
  type        = number
  default     = 60

  validation {
    condition     = var.requests_per_minute >= 10 && var.requests_per_minute == floor(var.requests_per_minute)
    error_message = "Expected a whole number, at least 10: the web app asks several times while it starts."
  }
}

variable "annotate_formats" {
  description = "Formats in which predict sends its picture, separated by commas; the first is the default. With \"jpeg\" a flood of predictions costs a sixth of the egress."
  type        = string
  default     = "png,jpeg,webp"

  validation {
    condition     = can(regex("^(png|jpeg|webp)(,(png|jpeg|webp))*$", var.annotate_formats))
    error_message = "Expected some of png, jpeg and webp, separated by commas."
  }
}

variable "min_instances" {
  description = "Instances of predict that are kept warm. 0 costs nothing while idle, but then a cold start adds a quarter of a second to the platform's own."
  type        = number
  default     = 0

  validation {
    condition     = var.min_instances >= 0 && var.min_instances <= 10
    error_message = "Expected 0 to 10."
  }
}

variable "alert_email" {
  description = "Address that alerts are sent to; empty: the alert policies exist and appear in the console, but no email is sent."
  type        = string
  default     = ""

  validation {
    condition     = var.alert_email == "" || can(regex("^[^@\\s]+@[^@\\s]+$", var.alert_email))
    error_message = "Expected an e-mail address."
  }
}

variable "backlog_alert_shards" {
  description = "Number of corrections left over by a merge above which an alert is raised. One merge takes thousands, so anything left for an hour means that it does not keep up."
  type        = number
  default     = 1000

  validation {
    condition     = var.backlog_alert_shards >= 0
    error_message = "Expected 0 or more."
  }
}

variable "destroy_data" {
  description = "Whether `terraform destroy` may delete the bucket with all feedback and models in it. False makes it stop at a bucket that is not empty."
  type        = bool
  default     = false
}
