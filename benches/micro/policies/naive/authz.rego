# METADATA
# title: Routing done again in rules, with a loop over sixty patterns
package countersign.authz

import rego.v1

decision := {"allowed": allowed}

default allowed := false

allowed if {
	some route in data.bench.routes
	input.attributes.request.http.method in route.methods
	glob.match(route.path, ["/"], input.countersign.request.raw_path)
}
