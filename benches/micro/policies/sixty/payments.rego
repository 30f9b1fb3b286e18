# METADATA
# title: What agents may do with payments
package teams.payments

import rego.v1

decision := {"allowed": allowed, "reasons": reasons, "labels": ["payments"]}

default allowed := false

allowed if {
	is_granted
	is_method
	is_path
	not is_closed
}

is_granted if "payments" in data.bench.grants[input.countersign.principal.spiffe_id]

is_method if input.attributes.request.http.method in {"GET"}

is_path if input.parsed_path[1] in {"charges", "refunds"}

is_closed if input.parsed_path[2] == "internal"

is_closed if input.attributes.request.http.headers["x-dry-run"] == "no"

reasons contains {"code": "payments_granted", "message": "this is granted"} if allowed

reasons contains {"code": "payments_not_granted", "message": "this agent has no grant here"} if not is_granted

reasons contains {"code": "payments_closed", "message": "this part is closed to agents"} if is_closed
