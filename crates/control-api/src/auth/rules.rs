//! Which action each call is.
//!
//! The one place to declare it: a test walks the OpenAPI document and finds every operation that is not here,
//! and until then only the administrator may call it.

use axum::http::Method;

use super::policy::Action;

/// Method, path as the router has it, action.
const RULES: &[(Method, &str, Action)] = &[
    (Method::POST, "/api/events", Action::CreateEvent),
    (Method::GET, "/api/events", Action::ListEvents),
    (Method::GET, "/api/events/{event}", Action::Look),
    (Method::PATCH, "/api/events/{event}", Action::Own),
    (Method::DELETE, "/api/events/{event}", Action::Own),
    (Method::POST, "/api/events/{event}/cameras", Action::Own),
    (Method::GET, "/api/events/{event}/cameras", Action::Look),
    (Method::GET, "/api/events/{event}/cameras/{camera}", Action::LookAtCamera),
    (Method::PATCH, "/api/events/{event}/cameras/{camera}", Action::Own),
    (Method::DELETE, "/api/events/{event}/cameras/{camera}", Action::Own),
    (Method::POST, "/api/events/{event}/cameras/{camera}/rotate-key", Action::Own),
    (Method::POST, "/api/events/{event}/cameras/{camera}/switch", Action::Take),
    (Method::GET, "/api/events/{event}/active", Action::Look),
    (Method::GET, "/api/events/{event}/switches", Action::Look),
    (Method::GET, "/api/events/{event}/cameras/{camera}/thumbnail.jpg", Action::LookAtCamera),
    (Method::GET, "/api/events/{event}/program/thumbnail.jpg", Action::Look),
    (Method::GET, "/api/events/{event}/recordings", Action::Look),
    (Method::GET, "/api/events/{event}/recordings/deletions", Action::Own),
    (Method::GET, "/api/events/{event}/recordings/{recording}", Action::Look),
    (Method::DELETE, "/api/events/{event}/recordings/{recording}", Action::Own),
    (Method::GET, "/api/events/{event}/recordings/{recording}/index.m3u8", Action::Look),
    (Method::GET, "/api/events/{event}/recordings/{recording}/clip", Action::Look),
    (Method::GET, "/api/events/{event}/recordings/{recording}/download.mp4", Action::Look),
    (Method::GET, "/api/events/{event}/recordings/{recording}/thumbnail.jpg", Action::Look),
    (Method::GET, "/api/events/{event}/recordings/{recording}/edit-list", Action::Look),
    (Method::PUT, "/api/events/{event}/recordings/{recording}/edit-list", Action::Own),
    (Method::GET, "/api/events/{event}/recordings/{recording}/{file}", Action::Look),
    (Method::GET, "/api/camera-thumbnail/{camera_id}", Action::LookAtCamera),
    (Method::PUT, "/api/events/{event}/lock", Action::Operate),
    (Method::DELETE, "/api/events/{event}/lock", Action::Operate),
    (Method::DELETE, "/api/events/{event}/switch", Action::Operate),
    (Method::POST, "/api/events/{event}/scheduled-takes", Action::Operate),
    (Method::GET, "/api/events/{event}/scheduled-takes", Action::Look),
    (Method::DELETE, "/api/events/{event}/scheduled-takes/{take}", Action::Operate),
    (Method::GET, "/api/events/{event}/updates", Action::Look),
    (Method::PUT, "/api/events/{event}/preview-camera", Action::Operate),
    (Method::GET, "/api/events/{event}/cameras/{camera}/tally", Action::LookAtCamera),
    // These three ask by `may_follow`: a browser says who it is after the connection is made.
    (Method::GET, "/api/events/{event}/ws", Action::Look),
    (Method::GET, "/api/events/{event}/preview", Action::Look),
    (Method::GET, "/ws/camera-control/{wedding_id}", Action::Look),
    (Method::POST, "/api/events/{event}/tokens", Action::Own),
    (Method::GET, "/api/events/{event}/tokens", Action::Own),
    (Method::DELETE, "/api/events/{event}/tokens/{token}", Action::Own),
    (Method::PUT, "/api/events/{event}/slate", Action::Own),
    (Method::GET, "/api/events/{event}/slate", Action::Look),
    (Method::DELETE, "/api/events/{event}/slate", Action::Own),
    (Method::GET, "/api/events/{event}/compatibility", Action::Look),
    (Method::POST, "/api/events/{event}/start", Action::Own),
    (Method::POST, "/api/events/{event}/pause", Action::Own),
    (Method::POST, "/api/events/{event}/resume", Action::Own),
    (Method::POST, "/api/events/{event}/end", Action::Own),
    (Method::POST, "/api/events/{event}/cameras/{camera}/kick", Action::Own),
    (Method::POST, "/api/events/{event}/playback-tokens", Action::Watch),
    (Method::POST, "/api/playback-keys/rotate", Action::Administer),
    (Method::POST, "/api/configuration/reload", Action::Administer),
    (Method::GET, "/api/store", Action::Administer),
    (Method::GET, "/api/store/rejected", Action::Administer),
    (Method::DELETE, "/api/store/rejected", Action::Administer),
    (Method::POST, "/api/store/rejected/retry", Action::Administer),
    (Method::GET, "/api/hooks/dead", Action::Administer),
    (Method::POST, "/api/hooks/dead/{delivery}/replay", Action::Administer),
    (Method::DELETE, "/api/hooks/dead/{delivery}", Action::Administer),
    (Method::GET, "/api/hooks/targets", Action::Administer),
    (Method::PUT, "/api/hooks/targets/{target}", Action::Administer),
    (Method::DELETE, "/api/hooks/targets/{target}", Action::Administer),
    (Method::POST, "/api/stream/camera/{wedding_id}/{camera_id}/switch", Action::Take),
    (Method::GET, "/api/stream/camera/{wedding_id}/active", Action::Look),
    // These two ask by `observer`: the metrics token opens them, too.
    (Method::GET, "/metrics", Action::Administer),
    (Method::GET, "/stat", Action::Administer),
];

/// The action of a call, `None` if it is not declared.
pub(crate) fn action_of(method: &Method, path: &str) -> Option<Action> {
    // The router answers HEAD with the handler of GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    RULES
        .iter()
        .find(|(rule_method, rule_path, _)| rule_method == method && *rule_path == path)
        .map(|&(_, _, action)| action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::document;

    /// `(METHOD, path)` of every operation that needs a caller.
    fn operations() -> Vec<(Method, String)> {
        let document = serde_json::to_value(document()).unwrap();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if operation["responses"]["401"].is_object() {
                    let method = method.to_ascii_uppercase().parse().unwrap();
                    operations.push((method, path.clone()));
                }
            }
        }
        operations
    }

    #[test]
    fn every_operation_has_a_rule() {
        let operations = operations();
        assert!(operations.len() >= 15, "{operations:?}");
        for (method, path) in operations {
            let rule = action_of(&method, &path);
            assert!(rule.is_some(), "declare in RULES who may call {method} {path}");
        }
    }

    #[test]
    fn every_rule_has_an_operation() {
        let operations = operations();
        for (method, path, _) in RULES {
            let known = operations.iter().any(|(known, at)| known == method && at == path);
            assert!(known, "there is no {method} {path}");
        }
    }

    #[test]
    fn what_names_no_event_is_no_action_on_one_and_the_other_way_round() {
        for (method, path, action) in RULES {
            // A camera alone names its event, too.
            let names_event =
                ["{event}", "{wedding_id}", "{camera_id}"].iter().any(|name| path.contains(name));
            let on_event =
                !matches!(action, Action::ListEvents | Action::CreateEvent | Action::Administer);
            assert_eq!(names_event, on_event, "{method} {path}");
            let names_camera = path.contains("{camera}") || path.contains("{camera_id}");
            if matches!(action, Action::LookAtCamera | Action::Take) {
                assert!(names_camera, "{method} {path}: the guest of a camera must be held to it");
            }
        }
    }

    #[test]
    fn reading_changes_nothing() {
        for (method, path, action) in RULES {
            if method == Method::GET {
                let reads = [
                    Action::ListEvents,
                    Action::Look,
                    Action::LookAtCamera,
                    Action::Own,
                    Action::Administer,
                ];
                assert!(reads.contains(action), "{method} {path}");
            }
        }
    }

    #[test]
    fn head_is_get() {
        assert_eq!(action_of(&Method::HEAD, "/api/events"), Some(Action::ListEvents));
        assert_eq!(action_of(&Method::PUT, "/api/events"), None);
    }
}
