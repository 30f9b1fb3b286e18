# METADATA
# title: What agents may do with code
package teams.code

import rego.v1

decision := {"allowed": allowed, "reasons": reasons, "labels": ["code"]}

default allowed := false

allowed if {
	is_granted
	is_method
	is_path
	not is_closed
}

is_granted if "code" in data.bench.grants[input.countersign.principal.spiffe_id]

is_method if input.attributes.request.http.method in {"GET", "POST"}

is_path if input.parsed_path[1] in {"repos", "issues"}

is_closed if input.parsed_path[2] == "internal"

is_closed if input.parsed_path[3] == "secrets"

reasons contains {"code": "code_granted", "message": "this is granted"} if allowed

reasons contains {"code": "code_not_granted", "message": "this agent has no grant here"} if not is_granted

reasons contains {"code": "code_closed", "message": "this part is closed to agents"} if is_closed
