# METADATA
# title: SPIFFE IDs
# description: Questions about who calls, in the agent's verified name.
package lib.spiffe

# METADATA
# title: The id is the one named, or lies below it
# description: >-
#   `spiffe://example.org/ci` names one agent; `spiffe://example.org/ci/**` names every agent below
#   it, and not `spiffe://example.org/ci` itself nor `spiffe://example.org/cindy`.
matches(id, pattern) if id == pattern

matches(id, pattern) if {
	is_string(id)
	is_string(pattern)
	endswith(pattern, "/**")
	startswith(id, trim_suffix(pattern, "**"))
}
