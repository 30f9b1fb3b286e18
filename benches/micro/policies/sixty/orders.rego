# METADATA
# title: What agents may do with orders
package teams.orders

import rego.v1

decision := {"allowed": allowed, "reasons": reasons, "labels": ["orders"]}

default allowed := false

allowed if {
	is_granted
	is_method
	is_path
	not is_closed
}

is_granted if "orders" in data.bench.grants[input.countersign.principal.spiffe_id]

is_method if input.attributes.request.http.method in {"GET", "HEAD", "POST"}

is_path if input.parsed_path[1] in {"orders", "returns"}

is_closed if input.parsed_path[2] == "internal"

is_closed if input.parsed_query.format == ["csv"]

reasons contains {"code": "orders_granted", "message": "this is granted"} if allowed

reasons contains {"code": "orders_not_granted", "message": "this agent has no grant here"} if not is_granted

reasons contains {"code": "orders_closed", "message": "this part is closed to agents"} if is_closed
