# METADATA
# title: Reading only
# description: >-
#   Methods that change nothing by the HTTP standard, and nothing in the request that makes a server
#   take them for another. An API that writes with GET needs a pack of its own.
# schemas:
#   - input: schema.input
package countersign.packs.read_only

import data.lib.headers

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is a method that reads, and nothing beside it that writes
default allowed := false

allowed if {
	reads
	count(reasons) == 0
}

# METADATA
# title: Methods that change nothing
reads if input.attributes.request.http.method in {"GET", "HEAD", "OPTIONS"}

# METADATA
# title: Headers and parameters in which frameworks look for another method
overrides if headers.present(input.countersign.request.headers, "x-http-method-override")

overrides if headers.present(input.countersign.request.headers, "x-http-method")

overrides if headers.present(input.countersign.request.headers, "x-method-override")

overrides if input.parsed_query._method

# METADATA
# title: A method that may change something
# custom:
#   code: read_only
#   agent: use GET, or ask a person to make the change
reasons contains {"code": "read_only", "message": "Agents may read here, and nothing else."} if not reads

# METADATA
# title: A read that asks to be taken for something else
# custom:
#   code: method_override
#   agent: leave out the header or parameter that names another method
reasons contains {
	"code": "method_override",
	"message": "The request names another method in a header or parameter.",
} if overrides

# METADATA
# title: A read with a body
# custom:
#   code: read_with_body
#   agent: send the read without a body
reasons contains {"code": "read_with_body", "message": "A read has no body here."} if {
	reads
	input.parsed_body != null
}
