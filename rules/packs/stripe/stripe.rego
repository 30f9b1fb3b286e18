# METADATA
# title: Stripe's API
# description: >-
#   An agent reads, notes things on customers, and refunds small amounts that it names. Larger refunds
#   wait for a person. Nothing is charged, paid out or deleted. Stripe takes forms, so the route needs
#   `inspect` with `body: form`.
# schemas:
#   - input: schema.input
package countersign.packs.stripe

import data.lib.form
import data.lib.headers
import data.lib.paths

# METADATA
# title: The answer; a larger refund is what a person may agree to
# entrypoint: true
decision := {
	"allowed": false,
	"reasons": reasons,
	"approval": {"quorum": 1, "summary": "refund on Stripe above the limit for agents", "risk": "high"},
} if {
	needs_approval
} else := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what is named below, and nothing that is said against it
default allowed := false

allowed if {
	permitted
	count(reasons) == 0
}

# METADATA
# title: The path, in decoded segments
path := input.countersign.request.segments

# METADATA
# title: The method
method := input.attributes.request.http.method

# METADATA
# title: Reading
permitted if {
	method in {"GET", "HEAD"}
	path[0] == "v1"
}

# METADATA
# title: Notes on a customer
permitted if {
	method == "POST"
	paths.matches("/v1/customers/*", path)
	body := input.parsed_body
	is_object(body)
	count(body) > 0
	every name, _ in body {
		is_note(name)
	}
}

# METADATA
# title: A refund
permitted if refunds

# METADATA
# title: What a customer's record may be noted with
is_note(name) if name == "description"

is_note(name) if {
	is_string(name)
	startswith(name, "metadata[")
}

# METADATA
# title: Money goes back
refunds if {
	method == "POST"
	paths.matches("/v1/refunds", path)
}

# METADATA
# title: The refund says how much
names_amount if form.filled(input.parsed_body, "amount")

# METADATA
# title: The refund is small enough for an agent
is_small if form.digits_at_most(input.parsed_body, "amount", data.packs.stripe.max_refund)

# METADATA
# title: A refund against which nothing else is said
needs_approval if {
	refunds
	count({reason | some reason in reasons; reason.code != "refund_needs_approval"}) == 0
	not is_small
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: read, or ask a person
reasons contains {
	"code": "not_permitted",
	"message": "Agents may read, note things on customers, and refund.",
} if not permitted

# METADATA
# title: A refund that does not say how much, which means all of it
# custom:
#   code: refund_without_amount
#   agent: name the amount, in the currency's smallest unit
reasons contains {
	"code": "refund_without_amount",
	"message": "Name the amount once: a refund without one refunds everything.",
} if {
	refunds
	not names_amount
}

# METADATA
# title: A refund that a second try would pay twice
# custom:
#   code: refund_not_repeatable
#   agent: send an Idempotency-Key of your own
reasons contains {
	"code": "refund_not_repeatable",
	"message": "Send an Idempotency-Key: without it, a second try is a second refund.",
} if {
	refunds
	not headers.one(input.countersign.request.headers, "idempotency-key")
}

# METADATA
# title: More than an agent may refund by itself
# custom:
#   code: refund_needs_approval
#   agent: wait for a person to agree, or refund less
reasons contains {
	"code": "refund_needs_approval",
	"message": "A person has to agree to a refund of this amount.",
} if {
	refunds
	names_amount
	not is_small
}

# METADATA
# title: Another account's money
# custom:
#   code: other_account
#   agent: leave out the Stripe-Account header
reasons contains {
	"code": "other_account",
	"message": "Agents may not act for a connected account.",
} if {
	headers.present(input.countersign.request.headers, "stripe-account")
	not headers.among(input.countersign.request.headers, "stripe-account", data.packs.stripe.accounts)
}
