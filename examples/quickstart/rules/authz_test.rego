package countersign.authz_test

import data.countersign.authz

demo_agent := "spiffe://dev.local/agent/demo-agent"

request(agent, method, path) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"principal": {"spiffe_id": agent}},
	"parsed_path": path,
}

codes(answer) := {reason.code | some reason in answer.reasons}

test_reading_is_allowed if {
	every method in ["GET", "HEAD"] {
		answer := authz.decision with input as request(demo_agent, method, ["v1", "balance"])
		answer.allowed == true
		codes(answer) == {"read"}
	}
}

test_a_customer_may_not_be_deleted if {
	answer := authz.decision with input as request(demo_agent, "DELETE", ["v1", "customers", "42"])
	answer.allowed == false
	codes(answer) == {"customer_delete_forbidden"}
}

test_another_change_is_denied if {
	every method in ["DELETE", "PATCH", "POST", "PUT", "get"] {
		answer := authz.decision with input as request(demo_agent, method, ["v1", "refunds"])
		answer.allowed == false
		codes(answer) == {"read_only"}
	}
}

test_an_unknown_agent_may_not_even_read if {
	every agent in ["spiffe://dev.local/agent/demo", "spiffe://other.local/agent/demo-agent"] {
		answer := authz.decision with input as request(agent, "GET", ["v1", "balance"])
		answer.allowed == false
		codes(answer) == {"unknown_agent"}
	}
}

test_a_path_without_segments_is_no_error if {
	answer := authz.decision with input as request(demo_agent, "DELETE", [""])
	codes(answer) == {"read_only"}
}

test_a_request_without_anything_is_denied if {
	answer := authz.decision with input as {}
	answer.allowed == false
}
