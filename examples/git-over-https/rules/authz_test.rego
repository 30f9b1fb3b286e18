package countersign.authz_test

import data.countersign.authz

demo_agent := "spiffe://dev.local/agent/demo-agent"

request(agent, method, path, query) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"principal": {"spiffe_id": agent}},
	"parsed_path": path,
	"parsed_query": query,
}

refs(repository, service) := request(
	demo_agent,
	"GET",
	[repository, "info", "refs"],
	{"service": [service]},
)

post(repository, service) := request(demo_agent, "POST", [repository, service], {})

codes(answer) := {reason.code | some reason in answer.reasons}

test_both_repositories_may_be_read if {
	every repository in ["docs.git", "work.git"] {
		authz.allowed with input as refs(repository, "git-upload-pack")
		authz.allowed with input as post(repository, "git-upload-pack")
	}
}

test_one_of_them_may_be_written if {
	authz.allowed with input as refs("work.git", "git-receive-pack")
	authz.allowed with input as post("work.git", "git-receive-pack")
}

test_the_other_may_not if {
	every asked in [refs("docs.git", "git-receive-pack"), post("docs.git", "git-receive-pack")] {
		answer := authz.decision with input as asked
		answer.allowed == false
		codes(answer) == {"push_forbidden"}
	}
}

test_anything_else_is_denied if {
	every asked in [
		refs("secret.git", "git-upload-pack"),
		refs("docs.git", "git-upload-archive"),
		request(demo_agent, "GET", ["docs.git", "HEAD"], {}),
		request(demo_agent, "GET", ["docs.git", "info", "refs"], {"service": ["git-upload-pack", "git-receive-pack"]}),
		request(demo_agent, "POST", ["docs.git", "x", "git-upload-pack"], {}),
		request(demo_agent, "DELETE", ["work.git"], {}),
	] {
		answer := authz.decision with input as asked
		answer.allowed == false
		codes(answer) == {"not_granted"}
	}
}

test_an_unknown_agent_may_not_even_read if {
	answer := authz.decision with input as request("spiffe://dev.local/agent/x", "POST", ["docs.git", "git-upload-pack"], {})
	answer.allowed == false
	codes(answer) == {"unknown_agent"}
}
