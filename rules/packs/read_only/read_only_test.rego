package countersign.packs.read_only_test

import data.countersign.packs.read_only

request(method, headers, query, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {"headers": headers, "segments": ["orders"]}},
	"parsed_query": query,
	"parsed_body": body,
}

codes(answer) := {reason.code | some reason in answer.reasons}

test_reading_is_allowed if {
	every method in ["GET", "HEAD", "OPTIONS"] {
		read_only.allowed with input as request(method, {}, {}, null)
	}
}

test_writing_is_denied if {
	every method in ["POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND", ""] {
		answer := read_only.decision with input as request(method, {}, {}, null)
		answer.allowed == false
		codes(answer) == {"read_only"}
	}
}

# The mistake: a framework behind the route deletes on `GET` with `X-HTTP-Method-Override: DELETE`.
test_a_read_that_overrides_its_method_is_denied if {
	every name in ["x-http-method-override", "x-http-method", "x-method-override"] {
		answer := read_only.decision with input as request("GET", {name: ["DELETE"]}, {}, null)
		answer.allowed == false
		codes(answer) == {"method_override"}
	}
	answer := read_only.decision with input as request("GET", {}, {"_method": ["delete"]}, null)
	codes(answer) == {"method_override"}
}

test_a_read_with_a_body_is_denied if {
	answer := read_only.decision with input as request("GET", {}, {}, {"query": "delete"})
	codes(answer) == {"read_with_body"}
}

test_no_request_is_denied if {
	not read_only.allowed with input as {}
}
