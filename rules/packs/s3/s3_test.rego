package countersign.packs.s3_test

import data.countersign.packs.s3

settings := {"read": ["/reports", "/shared/public"], "write": ["/reports/agents"]}

request(method, path, query, headers) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {
		"headers": headers,
		"segments": split(trim_prefix(path, "/"), "/"),
	}},
	"parsed_query": query,
	"parsed_body": null,
}

codes(answer) := {reason.code | some reason in answer.reasons}

said(method, path, query, headers) := codes(answer) if {
	answer := s3.decision with input as request(method, path, query, headers) with data.packs.s3 as settings
	answer.allowed == false
}

allowed(method, path, query, headers) if {
	s3.allowed with input as request(method, path, query, headers) with data.packs.s3 as settings
}

test_objects_below_the_prefixes_are_read_and_written if {
	answer := s3.decision with input as request("GET", "/reports/2026/a.csv", {}, {}) with data.packs.s3 as settings
	answer.allowed == true
	allowed("HEAD", "/shared/public/a", {}, {})
	allowed("PUT", "/reports/agents/a.csv", {}, {})
	allowed("PUT", "/reports/agents/a.csv", {"x-id": ["PutObject"]}, {"x-amz-acl": ["private"]})
	allowed("DELETE", "/reports/agents/a.csv", {}, {})
	allowed("POST", "/reports/agents/a.csv", {"uploads": [""]}, {})
	allowed("PUT", "/reports/agents/a.csv", {"partNumber": ["1"], "uploadId": ["u"]}, {})
}

test_other_prefixes_are_denied if {
	answer := s3.decision with input as request("PUT", "/reports/2026/a.csv", {}, {}) with data.packs.s3 as settings
	codes(answer) == {"not_permitted"}
	said("GET", "/shared/private/a", {}, {}) == {"not_permitted"}
	said("GET", "/reports2/a", {}, {}) == {"not_permitted"}
	said("DELETE", "/reports", {}, {}) == {"not_permitted"}
	said("PUT", "/reports/agents/../2026/a", {}, {}) == {"not_permitted"}
	said("GET", "/", {}, {}) == {"not_permitted"}
}

test_a_listing_stays_below_a_prefix if {
	answer := s3.decision with input as request("GET", "/shared", {"list-type": ["2"], "prefix": ["public/"]}, {})
		with data.packs.s3 as settings
	answer.allowed == true
	allowed("GET", "/reports", {"list-type": ["2"], "prefix": [""]}, {})
	said("GET", "/shared", {"list-type": ["2"]}, {}) == {"not_permitted"}
	said("GET", "/shared", {"list-type": ["2"], "prefix": [""]}, {}) == {"not_permitted"}
	said("GET", "/shared", {"list-type": ["2"], "prefix": ["public", ""]}, {}) == {"not_permitted"}
}

# The mistake: PUT on an object is granted, and `?acl` makes it world-readable.
test_a_put_of_an_acl_is_denied if {
	answer := s3.decision with input as request("PUT", "/reports/agents/a.csv", {"acl": [""]}, {}) with data.packs.s3 as settings
	answer.allowed == false
	codes(answer) == {"subresource"}
	every name in ["policy", "lifecycle", "tagging", "retention", "versionId", "replication", "delete", "ACL"] {
		"subresource" in said("PUT", "/reports/agents/a.csv", {name: [""]}, {})
		"subresource" in said("DELETE", "/reports/agents/a.csv", {name: [""]}, {})
		"subresource" in said("POST", "/reports", {name: [""]}, {})
	}
}

# The mistake: the same by header.
test_a_public_object_is_denied if {
	answer := s3.decision with input as request("PUT", "/reports/agents/a", {}, {"x-amz-acl": ["public-read"]})
		with data.packs.s3 as settings
	codes(answer) == {"acl_header"}
	said("PUT", "/reports/agents/a", {}, {"x-amz-acl": ["private", "public-read"]}) == {"acl_header"}
	said("PUT", "/reports/agents/a", {}, {"x-amz-grant-read": ["uri=all"]}) == {"acl_header"}
}

# The mistake: a copy brings an object from a bucket that may not be read.
test_a_copy_is_denied if {
	answer := s3.decision with input as request("PUT", "/reports/agents/a", {}, {"x-amz-copy-source": ["/secrets/key"]})
		with data.packs.s3 as settings
	codes(answer) == {"copy"}
}

test_locks_are_denied if {
	said("DELETE", "/reports/agents/a", {}, {"x-amz-bypass-governance-retention": ["true"]}) == {"retention"}
}

test_no_request_is_denied if {
	not s3.allowed with input as {}
}
