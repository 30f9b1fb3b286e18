package countersign.packs.github_test

import data.countersign.packs.github

settings := {"protected_branches": ["main", "release"], "owners": ["acme"]}

request(method, path, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {"segments": split(trim_prefix(path, "/"), "/")}},
	"parsed_body": body,
}

codes(answer) := {reason.code | some reason in answer.reasons}

allowed(method, path, body) if {
	github.allowed with input as request(method, path, body) with data.packs.github as settings
}

said(method, path, body) := codes(answer) if {
	answer := github.decision with input as request(method, path, body) with data.packs.github as settings
	answer.allowed == false
}

test_reading_is_allowed if {
	answer := github.decision with input as request("GET", "/repos/acme/site/issues/7", null)
	answer.allowed == true
	allowed("GET", "/rate_limit", null)
	allowed("GET", "/repos/acme/site/contents/.github/workflows/ci.yml", null)
}

test_working_as_a_contributor_is_allowed if {
	allowed("POST", "/repos/acme/site/issues", {"title": "a bug"})
	allowed("POST", "/repos/acme/site/issues/7/comments", {"body": "hello"})
	allowed("POST", "/repos/acme/site/pulls", {"title": "t", "head": "fix", "base": "main"})
	allowed("POST", "/repos/acme/site/pulls/8/reviews", {"event": "COMMENT", "body": "b"})
	allowed("POST", "/repos/acme/site/git/refs", {"ref": "refs/heads/fix-7", "sha": "a"})
	allowed("PATCH", "/repos/acme/site/git/refs/heads/fix-7", {"sha": "a"})
	allowed("PATCH", "/repos/acme/site/git/refs/heads/fix/7", {"sha": "a", "force": false})
	allowed("PUT", "/repos/acme/site/contents/src/a.rs", {"branch": "fix-7", "content": "", "message": "m"})
}

test_other_owners_are_denied if {
	said("GET", "/repos/other/site", null) == {"not_permitted"}
	said("POST", "/repos/other/site/issues", {"title": "spam"}) == {"not_permitted"}
}

# The mistake: one DELETE with a good token, and the repository is gone.
test_deleting_a_repository_is_denied if {
	answer := github.decision with input as request("DELETE", "/repos/acme/site", null)
	answer.allowed == false
	codes(answer) == {"not_permitted"}
}

# The mistake: without `branch`, the contents API writes to the default branch.
test_a_file_without_a_branch_goes_to_the_default_one if {
	answer := github.decision with input as request("PUT", "/repos/acme/site/contents/a.txt", {"content": "", "message": "m"})
	codes(answer) == {"protected_branch"}
	said("PUT", "/repos/acme/site/contents/a.txt", {"branch": "main"}) == {"protected_branch"}
	said("PUT", "/repos/acme/site/contents/a.txt", {"branch": "refs/heads/main"}) == {"protected_branch"}
	said("PUT", "/repos/acme/site/contents/a.txt", {"branch": "release/1.0"}) == {"protected_branch"}
	said("PUT", "/repos/acme/site/contents/a.txt", {"branch": null}) == {"protected_branch"}
	said("PUT", "/repos/acme/site/contents/a.txt", null) == {"protected_branch"}
	said("DELETE", "/repos/acme/site/contents/a.txt", {"sha": "a"}) == {"protected_branch"}
}

# The mistake: `force: true` in a PATCH throws commits away, as `git push --force` does.
test_a_forced_move_is_denied if {
	answer := github.decision with input as request("PATCH", "/repos/acme/site/git/refs/heads/fix", {"sha": "a", "force": true})
	codes(answer) == {"force_push"}
	said("PATCH", "/repos/acme/site/git/refs/heads/fix", {"sha": "a", "force": "true"}) == {"force_push"}
	said("PATCH", "/repos/acme/site/git/refs/heads/main", {"sha": "a"}) == {"protected_branch"}
	said("PATCH", "/repos/acme/site/git/refs/heads/fix", null) == {"protected_branch"}
	said("DELETE", "/repos/acme/site/git/refs/heads/fix", null) == {"not_permitted"}
	said("PATCH", "/repos/acme/site/git/refs/tags/v1", {"sha": "a"}) == {"not_permitted"}
}

# The mistake: a workflow that an agent writes runs with the repository's secrets.
test_a_workflow_is_denied if {
	path := "/repos/acme/site/contents/.github/workflows/ci.yml"
	answer := github.decision with input as request("PUT", path, {"branch": "fix", "content": ""})
	codes(answer) == {"workflow_file"}
	tree := {"base_tree": "a", "tree": [{"path": "a"}, {"path": ".github/workflows/ci.yml", "content": "x"}]}
	said("POST", "/repos/acme/site/git/trees", tree) == {"workflow_file"}
	allowed("POST", "/repos/acme/site/git/trees", {"base_tree": "a", "tree": [{"path": "a"}]})
}

test_an_agent_does_not_approve_what_it_wrote if {
	said("POST", "/repos/acme/site/pulls/8/reviews", {"event": "APPROVE"}) == {"not_permitted"}
}

test_a_merge_waits_for_a_person if {
	answer := github.decision with input as request("PUT", "/repos/acme/site/pulls/8/merge", {})
		with data.packs.github as settings
	answer.allowed == false
	answer.approval.quorum == 1
	codes(answer) == {"merge_needs_approval"}
}

test_settings_and_secrets_are_denied if {
	every path in [
		"/repos/acme/site/actions/secrets/TOKEN", "/repos/acme/site/hooks", "/repos/acme/site/keys",
		"/repos/acme/site/collaborators/eve", "/repos/acme/site/merges", "/repos/acme/site/dispatches",
		"/graphql",
	] {
		said("PUT", path, {"a": 1}) == {"not_permitted"}
		said("POST", path, {"a": 1}) == {"not_permitted"}
	}
}

test_no_request_is_denied if {
	not github.allowed with input as {}
}
