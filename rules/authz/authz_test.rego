package countersign.authz_test

import data.countersign.authz

table := {
	"read orders": {
		"agents": ["spiffe://example.org/agents/reporter", "spiffe://example.org/ci/**"],
		"routes": ["orders"],
		"methods": ["GET"],
		"except": ["/api/admin"],
	},
	"write orders": {
		"agents": ["spiffe://example.org/agents/clerk"],
		"routes": ["orders", "invoices"],
		"methods": ["GET", "POST"],
	},
}

request(agent, route, method, segments) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {
		"route": route,
		"principal": {"spiffe_id": concat("/", ["spiffe://example.org", agent])},
		"request": {"segments": segments},
	},
}

codes(answer) := {reason.code | some reason in answer.reasons}

test_an_agent_named_in_an_entry_is_allowed if {
	answer := authz.decision with input as request("agents/reporter", "orders", "GET", ["api", "orders"])
		with data.countersign.access as table
	answer.allowed == true
	codes(answer) == {"granted"}
}

test_an_agent_below_a_pattern_is_allowed if {
	authz.allowed with input as request("ci/build", "orders", "GET", ["api", "orders"])
		with data.countersign.access as table
}

test_an_unknown_agent_is_denied if {
	answer := authz.decision with input as request("agents/stranger", "orders", "GET", ["api"])
		with data.countersign.access as table
	answer.allowed == false
	codes(answer) == {"no_grant"}
}

test_another_route_is_denied if {
	answer := authz.decision with input as request("agents/reporter", "invoices", "GET", ["api"])
		with data.countersign.access as table
	answer.allowed == false
	codes(answer) == {"no_grant"}
}

test_another_method_is_denied if {
	every method in ["DELETE", "POST", "HEAD", "get"] {
		answer := authz.decision with input as request("agents/reporter", "orders", method, ["api"])
			with data.countersign.access as table
		answer.allowed == false
		codes(answer) == {"method_not_granted"}
	}
}

test_an_excepted_path_is_denied if {
	answer := authz.decision with input as request("agents/reporter", "orders", "GET", ["api", "admin", "keys"])
		with data.countersign.access as table
	answer.allowed == false
	codes(answer) == {"path_excepted"}
}

test_an_exception_of_one_entry_leaves_the_others_alone if {
	authz.allowed with input as request("agents/clerk", "orders", "POST", ["api", "admin"])
		with data.countersign.access as table
}

test_an_empty_table_denies_everybody if {
	answer := authz.decision with input as request("agents/reporter", "orders", "GET", ["api"])
		with data.countersign.access as {}
	answer.allowed == false
	codes(answer) == {"no_grant"}
}

test_a_request_without_identity_is_denied if {
	not authz.allowed with input as {} with data.countersign.access as table
}
