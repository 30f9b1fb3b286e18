# METADATA
# title: One route's rules, fifteen of them
package countersign.authz

import rego.v1

decision := {"allowed": allowed, "reasons": reasons}

default allowed := false

allowed if {
	is_known
	is_in_domain
	is_route
	is_read
	is_versioned
	count(refusals) == 0
}

is_known if input.countersign.principal.spiffe_id in data.bench.agents

is_in_domain if input.countersign.principal.trust_domain == "example.org"

is_route if input.countersign.route == "orders"

is_read if input.attributes.request.http.method in {"GET", "HEAD"}

is_versioned if input.parsed_path[0] == "api"

is_internal if "internal" in input.parsed_path

is_export if input.parsed_query.format == ["csv"]

refusals contains "internal" if is_internal

refusals contains "export" if is_export

refusals contains "admin" if input.parsed_path[1] == "admin"

reasons contains {"code": "granted", "message": "this agent may read orders"} if allowed

reasons contains {"code": "internal", "message": "internal paths are closed to agents"} if is_internal

reasons contains {"code": "unknown_agent", "message": "this agent is not known here"} if not is_known
