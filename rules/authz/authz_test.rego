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
	"query the shop": {
		"agents": ["spiffe://example.org/agents/shopper"],
		"routes": ["shop"],
		"methods": ["GET", "POST"],
		"kinds": ["read"],
	},
	"call two methods": {
		"agents": ["spiffe://example.org/agents/caller"],
		"routes": ["calls"],
		"methods": ["POST"],
		"operations": ["getOrder", "pay"],
	},
}

request(agent, route, method, segments) := asked(agent, route, method, segments, [{"kind": "write", "name": ""}]) if {
	not method in {"GET", "HEAD", "OPTIONS"}
} else := asked(agent, route, method, segments, [{"kind": "read", "name": ""}])

asked(agent, route, method, segments, operations) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {
		"route": route,
		"principal": {"spiffe_id": concat("/", ["spiffe://example.org", agent])},
		"request": {"segments": segments, "operations": operations},
	},
}

look := {"kind": "read", "name": "look"}

pay := {"kind": "write", "name": "pay"}

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

test_reading_is_granted_whatever_the_method if {
	every method in ["GET", "POST"] {
		authz.allowed with input as asked("agents/shopper", "shop", method, ["graphql"], [look, look])
			with data.countersign.access as table
	}
}

test_one_write_among_reads_denies_them_all if {
	every operations in [[pay], [look, pay], [pay, look]] {
		answer := authz.decision with input as asked("agents/shopper", "shop", "POST", ["graphql"], operations)
			with data.countersign.access as table
		answer.allowed == false
		codes(answer) == {"operation_not_granted"}
	}
}

test_a_write_in_a_get_is_not_granted_with_get if {
	answer := authz.decision with input as asked("agents/reporter", "orders", "GET", ["api"], [pay])
		with data.countersign.access as table
	answer.allowed == false
	codes(answer) == {"operation_not_granted"}
}

test_every_operation_is_granted_by_its_name if {
	authz.allowed with input as asked("agents/caller", "calls", "POST", ["rpc"], [pay, {"kind": "write", "name": "getOrder"}])
		with data.countersign.access as table
	answer := authz.decision with input as asked("agents/caller", "calls", "POST", ["rpc"], [pay, {"kind": "write", "name": "dropOrders"}])
		with data.countersign.access as table
	answer.allowed == false
	codes(answer) == {"operation_not_granted"}
}

test_a_request_without_operations_is_denied if {
	answer := authz.decision with input as asked("agents/clerk", "orders", "POST", ["api"], [])
		with data.countersign.access as table
	answer.allowed == false
}

test_a_request_without_identity_is_denied if {
	not authz.allowed with input as {} with data.countersign.access as table
}
