package countersign.packs.kubernetes_test

import data.countersign.packs.kubernetes

settings := {"namespaces": ["web"], "write": ["configmaps", "deployments", "pods"]}

request(method, path, headers, body) := {
	"attributes": {"request": {"http": {"method": method}}},
	"countersign": {"request": {
		"headers": headers,
		"segments": split(trim_prefix(path, "/"), "/"),
	}},
	"parsed_body": body,
}

codes(answer) := {reason.code | some reason in answer.reasons}

allowed(method, path, body) if {
	kubernetes.allowed with input as request(method, path, {}, body) with data.packs.kubernetes as settings
}

said(method, path, body) := codes(answer) if {
	answer := kubernetes.decision with input as request(method, path, {}, body) with data.packs.kubernetes as settings
	answer.allowed == false
}

test_reading_in_a_namespace_is_allowed if {
	answer := kubernetes.decision with input as request("GET", "/api/v1/namespaces/web/pods", {}, null)
		with data.packs.kubernetes as settings
	answer.allowed == true
	allowed("GET", "/api/v1/namespaces/web/pods/a/log", null)
	allowed("GET", "/apis/apps/v1/namespaces/web/deployments", null)
	allowed("GET", "/apis", null)
	allowed("GET", "/version", null)
}

test_writing_kinds_that_are_listed_is_allowed if {
	allowed("POST", "/api/v1/namespaces/web/configmaps", {"data": {}})
	allowed("PATCH", "/apis/apps/v1/namespaces/web/deployments/a/scale", {"spec": {"replicas": 3}})
	allowed("DELETE", "/api/v1/namespaces/web/pods/a", null)
}

test_other_namespaces_and_kinds_are_denied if {
	answer := kubernetes.decision with input as request("GET", "/api/v1/namespaces/kube-system/pods", {}, null)
		with data.packs.kubernetes as settings
	codes(answer) == {"not_permitted"}
	said("GET", "/api/v1/pods", null) == {"not_permitted"}
	said("POST", "/apis/batch/v1/namespaces/web/jobs", {}) == {"not_permitted"}
	said("DELETE", "/api/v1/namespaces/web", null) == {"not_permitted"}
	said("PATCH", "/apis/apps/v1/namespaces/web/deployments/a/status", {}) == {"not_permitted"}
}

# The mistake: DELETE of a collection deletes everything in it.
test_deleting_a_collection_is_denied if {
	answer := kubernetes.decision with input as request("DELETE", "/api/v1/namespaces/web/pods", {}, null)
		with data.packs.kubernetes as settings
	codes(answer) == {"not_permitted"}
	said("DELETE", "/api/v1/namespaces/web/pods/", null) == {"not_permitted"}
}

# The mistake: `exec` and `proxy` are reached by GET, so a role that only reads runs commands.
test_a_command_by_get_is_denied if {
	answer := kubernetes.decision with input as request("GET", "/api/v1/namespaces/web/pods/a/exec", {}, null)
		with data.packs.kubernetes as settings
	codes(answer) == {"door"}
	every path in [
		"/api/v1/namespaces/web/pods/a/attach", "/api/v1/namespaces/web/pods/a/portforward",
		"/api/v1/namespaces/web/pods/a/proxy/admin", "/api/v1/namespaces/web/services/a/proxy",
	] {
		said("GET", path, null) == {"door"}
		"door" in said("POST", path, {})
	}
	said("GET", "/api/v1/nodes/n1/proxy/run/web/a/c", null) == {"door", "not_permitted"}
}

# The mistake: the proxy's own credential may impersonate, and a header makes the agent an administrator.
test_acting_as_somebody_else_is_denied if {
	answer := kubernetes.decision with input as request("GET", "/api/v1/namespaces/web/pods", {"impersonate-user": ["admin"]}, null)
		with data.packs.kubernetes as settings
	codes(answer) == {"impersonation"}
	groups := kubernetes.decision with input as request("GET", "/api/v1/namespaces/web/pods", {"impersonate-group": ["system:masters"]}, null)
		with data.packs.kubernetes as settings
	codes(groups) == {"impersonation"}
}

test_secrets_and_tokens_are_denied if {
	answer := kubernetes.decision with input as request("GET", "/api/v1/namespaces/web/secrets", {}, null)
		with data.packs.kubernetes as settings
	codes(answer) == {"power"}
	said("POST", "/api/v1/namespaces/web/serviceaccounts/default/token", {}) == {"door", "not_permitted", "power"}
	said("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/web/rolebindings", {}) == {"not_permitted", "power"}
}

# The mistake: whoever may make a pod owns its node, with one hostPath.
test_a_privileged_pod_is_denied if {
	pod := {"spec": {"containers": [{"name": "a"}], "volumes": [{"hostPath": {"path": "/"}}]}}
	answer := kubernetes.decision with input as request("POST", "/api/v1/namespaces/web/pods", {}, pod)
		with data.packs.kubernetes as settings
	codes(answer) == {"privileged_pod"}
	every spec in [
		{"hostNetwork": true}, {"hostPID": true}, {"serviceAccountName": "admin"}, {"nodeName": "n1"},
		{"containers": [{"securityContext": {"privileged": true}}]},
		{"initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]},
	] {
		said("POST", "/api/v1/namespaces/web/pods", {"spec": spec}) == {"privileged_pod"}
		said("PUT", "/apis/apps/v1/namespaces/web/deployments/a", {"spec": {"template": {"spec": spec}}}) == {"privileged_pod"}
	}
	allowed("POST", "/api/v1/namespaces/web/pods", {"spec": {"containers": [{"name": "a", "securityContext": {"privileged": false}}]}})
}

test_a_body_that_is_no_json_object_is_denied if {
	said("PATCH", "/apis/apps/v1/namespaces/web/deployments/a", null) == {"unread_body"}
	said("PATCH", "/apis/apps/v1/namespaces/web/deployments/a", [{"op": "add", "path": "/spec/hostPID", "value": true}]) == {"unread_body"}
}

test_no_request_is_denied if {
	not kubernetes.allowed with input as {}
}
