# METADATA
# title: AWS S3
# description: >-
#   An agent reads and writes objects below the prefixes that are listed, path-style
#   (`/BUCKET/KEY`). What an S3 request does hangs on its query: `?acl`, `?policy` or `?lifecycle` turn a
#   harmless PUT into another operation, so a query that is not expected is refused.
# schemas:
#   - input: schema.input
package countersign.packs.s3

import data.lib.form
import data.lib.headers
import data.lib.paths

# METADATA
# title: The answer
# entrypoint: true
decision := {"allowed": allowed, "reasons": reasons}

# METADATA
# title: Allowed is what is named below, and nothing that is said against it
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

permitted if reads_object

permitted if lists

permitted if writes_object

permitted if uploads_parts

# METADATA
# title: An object is read
reads_object if {
	method in {"GET", "HEAD"}
	is_object_path
	some prefix in data.packs.s3.read
	paths.covers(prefix, path)
}

# METADATA
# title: A listing of a bucket, below a prefix that may be read
lists if {
	method == "GET"
	is_bucket_path
	form.is(input.parsed_query, "list-type", "2")
	some prefix in data.packs.s3.read
	lies_below(prefix)
}

# METADATA
# title: The listing's `prefix`, taken with the bucket, lies below a prefix that is listed
lies_below(prefix) if {
	values := input.parsed_query.prefix
	is_array(values)
	count(values) == 1
	wanted := values[0]
	is_string(wanted)
	bucket := path[0]
	is_string(bucket)
	paths.covers(prefix, split(concat("/", [bucket, wanted]), "/"))
}

# METADATA
# title: An object is written or deleted
writes_object if {
	method in {"DELETE", "PUT"}
	is_object_path
	some prefix in data.packs.s3.write
	paths.covers(prefix, path)
}

# METADATA
# title: A large object is written in parts
uploads_parts if {
	method == "POST"
	is_object_path
	some name in ["uploadId", "uploads"]
	input.parsed_query[name]
	some prefix in data.packs.s3.write
	paths.covers(prefix, path)
}

# METADATA
# title: "`/BUCKET/KEY`, without what could be read as another key"
is_object_path if {
	count(input.countersign.request.segments) > 1
	path[1] != ""
	every segment in input.countersign.request.segments {
		not segment in {".", ".."}
	}
}

# METADATA
# title: "`/BUCKET`, or `/BUCKET/`"
is_bucket_path if count(input.countersign.request.segments) == 1

is_bucket_path if {
	count(input.countersign.request.segments) == 2
	path[1] == ""
}

# METADATA
# title: The names that a query may have
expected := {
	"continuation-token", "delimiter", "encoding-type", "fetch-owner", "list-type", "max-keys",
	"partNumber", "prefix", "response-content-type", "start-after", "uploadId", "uploads", "x-id",
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: read or write below a prefix that is yours
reasons contains {
	"code": "not_permitted",
	"message": "Agents may read and write objects below the prefixes that are listed.",
} if not permitted

# METADATA
# title: A query that makes another operation of the request
# custom:
#   code: subresource
#   agent: leave the query out; settings, policies and versions are for people
reasons contains {
	"code": "subresource",
	"message": "This query asks for another operation: acl, policy, versions and the like are for people.",
} if {
	some name, _ in input.parsed_query
	not name in expected
}

# METADATA
# title: Headers that open an object to others
# custom:
#   code: acl_header
#   agent: leave out x-amz-acl and x-amz-grant-…
reasons contains {
	"code": "acl_header",
	"message": "Agents give nobody access: no x-amz-acl other than private, and no x-amz-grant.",
} if opens

opens if {
	headers.present(input.countersign.request.headers, "x-amz-acl")
	not headers.is(input.countersign.request.headers, "x-amz-acl", "private")
}

opens if headers.any_begins(input.countersign.request.headers, "x-amz-grant-")

# METADATA
# title: A copy, which reads from where the header says
# custom:
#   code: copy
#   agent: read the object and write it
reasons contains {
	"code": "copy",
	"message": "A copy reads another object, which this policy does not see: read it and write it.",
} if headers.any_begins(input.countersign.request.headers, "x-amz-copy-source")

# METADATA
# title: A write past what keeps objects from being overwritten
# custom:
#   code: retention
#   agent: leave locks alone
reasons contains {"code": "retention", "message": "Locks and their bypass are for people."} if locks

locks if headers.any_begins(input.countersign.request.headers, "x-amz-object-lock-")

locks if headers.present(input.countersign.request.headers, "x-amz-bypass-governance-retention")

locks if headers.present(input.countersign.request.headers, "x-amz-website-redirect-location")
