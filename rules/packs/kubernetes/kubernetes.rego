# METADATA
# title: The Kubernetes API
# description: >-
#   An agent reads in the namespaces that are listed, and writes the kinds of resources that are listed.
#   Secrets, what runs commands or tunnels, tokens, roles, and acting as somebody else are for people,
#   whatever the method.
# schemas:
#   - input: schema.input
package countersign.packs.kubernetes

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

# METADATA
# title: Which resources and versions there are
permitted if {
	method in {"GET", "HEAD"}
	paths.matches_any(["/api", "/api/v1", "/apis", "/apis/*", "/apis/*/*", "/version", "/openapi/**"], path)
}

# METADATA
# title: Reading in a namespace that is listed
permitted if {
	method in {"GET", "HEAD"}
	some at in [4, 5]
	is_number(at)
	is_namespaced(at)
	path[at - 1] in data.packs.kubernetes.namespaces
}

# METADATA
# title: Making a resource of a kind that is listed
permitted if {
	method == "POST"
	some at in [4, 5]
	is_number(at)
	writes_kind(at)
	count(input.countersign.request.segments) == at + 1
}

# METADATA
# title: Changing or deleting one that is named, or what it says of its scale
permitted if {
	method in {"DELETE", "PATCH", "PUT"}
	some at in [4, 5]
	is_number(at)
	writes_kind(at)
	is_named(at)
}

# METADATA
# title: The kind of resource at this place of the path may be written, in a namespace that is listed
writes_kind(at) if {
	is_number(at)
	is_namespaced(at)
	path[at - 1] in data.packs.kubernetes.namespaces
	path[at] in data.packs.kubernetes.write
}

# METADATA
# title: One resource, by its name
is_named(at) if {
	is_number(at)
	count(input.countersign.request.segments) == at + 2
	path[at + 1] != ""
}

is_named(at) if {
	is_number(at)
	count(input.countersign.request.segments) == at + 3
	path[at + 2] == "scale"
}

# METADATA
# title: The kind of resource stands at this place
# description: "`/api/v1/namespaces/NS/KIND` and `/apis/GROUP/VERSION/namespaces/NS/KIND`"
is_namespaced(at) if {
	at == 4
	path[0] == "api"
	path[2] == "namespaces"
	path[4]
}

is_namespaced(at) if {
	at == 5
	path[0] == "apis"
	path[3] == "namespaces"
	path[5]
}

# METADATA
# title: Kinds that hold secrets or give power, at any place of a path
is_power(segment) if {
	segment in {
		"certificatesigningrequests", "clusterrolebindings", "clusterroles",
		"mutatingwebhookconfigurations", "rolebindings", "roles", "secrets", "serviceaccounts",
		"tokenreviews", "validatingwebhookconfigurations",
	}
}

# METADATA
# title: What runs commands, opens tunnels, or hands out tokens
is_door(segment) if {
	segment in {"attach", "ephemeralcontainers", "eviction", "exec", "portforward", "proxy", "token"}
}

# METADATA
# title: Nothing here allows it
# custom:
#   code: not_permitted
#   agent: read in a namespace that is yours
reasons contains {
	"code": "not_permitted",
	"message": "Agents may read, and write some kinds, in the namespaces that are listed.",
} if not permitted

# METADATA
# title: A command, a tunnel or a token
# custom:
#   code: door
#   agent: read logs instead, or ask a person
reasons contains {
	"code": "door",
	"message": "exec, attach, portforward, proxy and tokens are for people, by any method.",
} if {
	some segment in input.countersign.request.segments
	is_door(segment)
}

# METADATA
# title: Secrets and roles
# custom:
#   code: power
#   agent: ask a person
reasons contains {"code": "power", "message": "Secrets, accounts, roles and webhooks are for people."} if {
	some segment in input.countersign.request.segments
	is_power(segment)
}

# METADATA
# title: Somebody else's name
# custom:
#   code: impersonation
#   agent: leave out the Impersonate headers
reasons contains {
	"code": "impersonation",
	"message": "Nobody acts as somebody else: leave out the Impersonate headers.",
} if headers.any_begins(input.countersign.request.headers, "impersonate-")

# METADATA
# title: A pod that could take over its node
# custom:
#   code: privileged_pod
#   agent: leave out host namespaces, host paths and privileged containers
reasons contains {
	"code": "privileged_pod",
	"message": "No host namespaces, host paths, service accounts or privileged containers.",
} if {
	method in {"PATCH", "POST", "PUT"}
	takes_host(input.parsed_body.spec)
}

# METADATA
# title: The same in a template, as deployments and jobs have it
# custom:
#   code: privileged_pod
#   agent: leave out host namespaces, host paths and privileged containers
reasons contains {
	"code": "privileged_pod",
	"message": "No host namespaces, host paths, service accounts or privileged containers.",
} if {
	method in {"PATCH", "POST", "PUT"}
	takes_host(input.parsed_body.spec.template.spec)
}

# METADATA
# title: A pod's specification reaches for its node, or for another account
takes_host(spec) if {
	is_object(spec)
	some name in ["hostIPC", "hostNetwork", "hostPID", "nodeName", "serviceAccount", "serviceAccountName"]
	spec[name]
}

takes_host(spec) if {
	is_object(spec)
	volumes := spec.volumes
	is_array(volumes)
	some volume in volumes
	volume.hostPath
}

takes_host(spec) if {
	is_object(spec)
	some name in ["containers", "ephemeralContainers", "initContainers"]
	containers := spec[name]
	is_array(containers)
	some container in containers
	is_privileged(container.securityContext)
}

is_privileged(context) if context.privileged

is_privileged(context) if context.allowPrivilegeEscalation

is_privileged(context) if context.capabilities.add

# METADATA
# title: A write whose body nobody here can read
# custom:
#   code: unread_body
#   agent: send JSON
reasons contains {"code": "unread_body", "message": "Send the resource as JSON."} if {
	method in {"PATCH", "POST", "PUT"}
	not is_object(input.parsed_body)
}
