# METADATA
# title: Routing done again in rules, with a loop over sixty patterns
package countersign.authz

import rego.v1

decision := {"allowed": allowed}

default allowed := false

allowed if count(matching) > 0

matching contains name if {
	some name, route in data.bench.routes
	input.attributes.request.http.method in route.methods
	glob.match(route.path, ["/"], input.countersign.request.raw_path)
	some agent in route.agents
	glob.match(agent, ["/"], input.countersign.principal.spiffe_id)
}
