package countersign.authz

import data.lib.amounts

default decision := {
	"allowed": false,
	"reasons": [{"code": "not_allowed", "message": "No rule allows this."}],
}

# Reading is allowed on the payments host.
decision := {"allowed": true} if {
	count(deny) == 0
	allow_read
}

# A small refund is allowed to the refund agents.
else := {"allowed": true, "labels": ["money"]} if {
	count(deny) == 0
	request.method == "POST"
	input.countersign.principal.spiffe_id in data.agents.refunds
	amounts.number(input.parsed_body.amount)
	input.parsed_body.amount <= 1000
}

# A larger one needs a person.
else := {
	"allowed": false,
	"reasons": [{"code": "refund_over_10", "message": "A refund above 10.00 needs a person."}],
	"approval": {"approvers": ["payments"]},
} if {
	count(deny) == 0
	request.method == "POST"
	some agent in data.agents.refunds
	agent == input.countersign.principal.spiffe_id
	input.parsed_body.amount > 1000
}

else := {"allowed": false, "reasons": [reason | some reason in deny]} if {
	count(deny) > 0
}

request := input.attributes.request.http

allow_read if {
	request.host == "payments.example.org"
	request.method in {"GET", "HEAD"}
	not quarantined
}

# An agent that the operators have set aside.
quarantined if input.countersign.principal.spiffe_id in data.agents.quarantined

deny contains {
	"code": "customer_delete_forbidden",
	"message": "Customers may not be deleted by agents.",
} if {
	request.method == "DELETE"
	input.parsed_path[1] == "customers"
}

deny contains {"code": "too_late", "message": "The maintenance has begun."} if {
	some deadline in input.parsed_query.before
	time.parse_rfc3339_ns(deadline) < time.parse_rfc3339_ns("2026-01-01T00:00:00Z")
}
