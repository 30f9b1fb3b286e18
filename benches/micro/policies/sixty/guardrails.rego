# METADATA
# title: What no agent may do on any route
package platform.guardrails

import rego.v1

decision := {"allowed": allowed, "reasons": reasons}

default allowed := false

allowed if {
	is_known
	is_domain
	count(refusals) == 0
}

is_known if input.countersign.principal.spiffe_id in data.bench.agents

is_domain if input.countersign.principal.trust_domain in {"example.org", "example.net"}

is_suspended if input.countersign.principal.spiffe_id in data.bench.suspended

is_frozen if input.countersign.route in data.bench.frozen

refusals contains {"code": "suspended", "message": "this agent is suspended"} if is_suspended

refusals contains {"code": "frozen", "message": "this route is frozen"} if is_frozen

refusals contains {"code": "delete", "message": "agents delete nothing"} if {
	input.attributes.request.http.method == "DELETE"
}

refusals contains {"code": "debug", "message": "debugging is off"} if {
	input.attributes.request.http.headers["x-debug"] == "1"
}

refusals contains {"code": "dump", "message": "whole tables are not read"} if {
	input.parsed_query.limit == ["all"]
}

reasons contains reason if some reason in refusals
