# METADATA
# title: GitHub's REST API
# description: >-
#   An agent that works as a contributor does: it reads, opens issues and pull requests, comments, and
#   pushes to branches of its own. Merging waits for a person. It does not touch branches that are
#   protected, workflow files, or a repository's settings.
# schemas:
#   - input: schema.input
package countersign.packs.github

import data.lib.paths
import data.lib.text

# METADATA
# title: The answer; a merge is what a person may agree to
# entrypoint: true
decision := {
	"allowed": false,
	"reasons": reasons,
	"approval": {"quorum": 1, "summary": "merge a pull request on GitHub", "risk": "high"},
} if {
	needs_approval
} else := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what a contributor does, in repositories of the owners
default allowed := false

allowed if {
	permitted
	count(reasons) == 0
}

# METADATA
# title: The path, in decoded segments
path := input.countersign.request.segments

# METADATA
# title: The method
method := input.attributes.request.http.method

# METADATA
# title: Reading
permitted if {
	method in {"GET", "HEAD"}
	within_owners
}

# METADATA
# title: Reading what belongs to no repository
permitted if {
	method in {"GET", "HEAD"}
	path[0] in {"meta", "rate_limit", "user", "versions"}
	count(input.countersign.request.segments) == 1
}

# METADATA
# title: Issues, comments, labels and pull requests
permitted if {
	method == "POST"
	within_owners
	paths.matches_any(
		[
			"/repos/*/*/issues",
			"/repos/*/*/issues/*/comments",
			"/repos/*/*/issues/*/labels",
			"/repos/*/*/pulls",
			"/repos/*/*/pulls/*/comments",
			"/repos/*/*/pulls/*/requested_reviewers",
		],
		path,
	)
}

permitted if {
	method == "PATCH"
	within_owners
	paths.matches_any(["/repos/*/*/issues/*", "/repos/*/*/issues/comments/*", "/repos/*/*/pulls/*"], path)
}

# METADATA
# title: A review, which is no approval
permitted if {
	method == "POST"
	within_owners
	paths.matches("/repos/*/*/pulls/*/reviews", path)
	input.parsed_body.event in {"COMMENT", "REQUEST_CHANGES"}
}

# METADATA
# title: Git objects, which change no branch
permitted if {
	method == "POST"
	within_owners
	paths.matches_any(["/repos/*/*/git/blobs", "/repos/*/*/git/commits", "/repos/*/*/git/trees"], path)
}

# METADATA
# title: Branches of its own
permitted if writes_ref

permitted if writes_contents

# METADATA
# title: The repository belongs to an owner that is listed; no list, and everybody is
within_owners if {
	path[0] == "repos"
	path[1] in data.packs.github.owners
}

within_owners if {
	path[0] == "repos"
	count(data.packs.github.owners) == 0
}

# METADATA
# title: A branch is made or moved
writes_ref if {
	method == "POST"
	within_owners
	paths.matches("/repos/*/*/git/refs", path)
}

writes_ref if {
	method == "PATCH"
	within_owners
	paths.matches("/repos/*/*/git/refs/heads/**", path)
	count(input.countersign.request.segments) > 6
}

# METADATA
# title: A file is written or deleted
writes_contents if {
	method in {"DELETE", "PUT"}
	within_owners
	paths.matches("/repos/*/*/contents/**", path)
	count(input.countersign.request.segments) > 4
}

# METADATA
# title: A pull request is merged
merges if {
	method == "PUT"
	within_owners
	paths.matches("/repos/*/*/pulls/*/merge", path)
}

# METADATA
# title: A merge against which nothing else is said
needs_approval if {
	merges
	count({reason | some reason in reasons; reason.code != "merge_needs_approval"}) == 0
}

# METADATA
# title: The file is on a branch that is named and not protected
names_own_branch if {
	branch := input.parsed_body.branch
	is_string(branch)
	is_own(trim_prefix(branch, "refs/heads/"))
}

# METADATA
# title: The new reference is a branch, and not a protected one
names_own_branch if {
	ref := input.parsed_body.ref
	is_string(ref)
	startswith(ref, "refs/heads/")
	is_own(trim_prefix(ref, "refs/heads/"))
}

# METADATA
# title: The moved reference is not a protected branch, and the body says how it moves
# description: "`/repos/OWNER/REPO/git/refs/heads/BRANCH`"
moves_own_branch if {
	body := input.parsed_body
	is_object(body)
	not path[6] in data.packs.github.protected_branches
}

# METADATA
# title: The branch is not protected, nor below one that is, as `release/1.0` is below `release`
is_own(branch) if {
	is_string(branch)
	branch != ""
	first := split(branch, "/")[0]
	is_string(first)
	not first in data.packs.github.protected_branches
}

# METADATA
# title: What runs with the repository's secrets
touches_workflows if {
	writes_contents
	path[4] == ".github"
}

touches_workflows if {
	paths.matches("/repos/*/*/git/trees", path)
	entries := input.parsed_body.tree
	is_array(entries)
	some entry in entries
	text.begins(entry.path, ".github")
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: read, open an issue or a pull request, or ask a person
reasons contains {
	"code": "not_permitted",
	"message": "Agents may read, comment, open pull requests and push to their own branches.",
} if {
	not permitted
	not merges
}

# METADATA
# title: A protected branch, or no branch named, which means the default one
# custom:
#   code: protected_branch
#   agent: name a branch of your own in `branch`, and open a pull request
reasons contains {
	"code": "protected_branch",
	"message": "Agents write to branches of their own. Name one; without a name it is the default branch.",
} if {
	writes_contents
	not names_own_branch
}

# METADATA
# title: A protected branch is made or moved
# custom:
#   code: protected_branch
#   agent: use a branch of your own
reasons contains {
	"code": "protected_branch",
	"message": "Agents write to branches of their own. Name one; without a name it is the default branch.",
} if {
	writes_ref
	method == "POST"
	not names_own_branch
}

# METADATA
# title: A protected branch is made or moved
# custom:
#   code: protected_branch
#   agent: use a branch of your own
reasons contains {
	"code": "protected_branch",
	"message": "Agents write to branches of their own. Name one; without a name it is the default branch.",
} if {
	writes_ref
	method == "PATCH"
	not moves_own_branch
}

# METADATA
# title: A branch is moved to where it did not lead
# custom:
#   code: force_push
#   agent: make a new commit on top, or a new branch
reasons contains {"code": "force_push", "message": "A branch may not be moved by force."} if {
	writes_ref
	input.parsed_body.force != false
}

# METADATA
# title: A workflow, which runs with the repository's secrets
# custom:
#   code: workflow_file
#   agent: leave `.github` alone; propose the change to a person in an issue
reasons contains {
	"code": "workflow_file",
	"message": "Files below .github run with the repository's secrets, and are for people.",
} if touches_workflows

# METADATA
# title: A merge
# custom:
#   code: merge_needs_approval
#   agent: wait for a person to agree
reasons contains {"code": "merge_needs_approval", "message": "A person has to agree to a merge."} if merges
