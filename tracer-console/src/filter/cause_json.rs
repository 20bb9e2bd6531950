//! `rootcause.json = #[...]`: root causes by example. What the example says must be so; what it leaves out may be
//! anything; lists have as many elements, in the same order.

use serde_json::{Map, Value};

/// A type in the shape of a root cause.
enum Shape {
    Boolean,
    Number,
    Text,
    ListOf(&'static Self),
    Object(&'static [(&'static str, Self)]),
}

static CAUSE: Shape =
    Shape::Object(&[("Services", Shape::ListOf(&SERVICE)), ("ClientImpacting", Shape::Boolean)]);
static SERVICE: Shape = Shape::Object(&[
    ("Name", Shape::Text),
    ("Names", Shape::ListOf(&Shape::Text)),
    ("Type", Shape::Text),
    ("AccountId", Shape::Text),
    ("Inferred", Shape::Boolean),
    ("EntityPath", Shape::ListOf(&ENTITY)),
]);
static ENTITY: Shape = Shape::Object(&[
    ("Name", Shape::Text),
    ("Remote", Shape::Boolean),
    ("Exceptions", Shape::ListOf(&EXCEPTION)),
    ("Coverage", Shape::Number),
]);
static EXCEPTION: Shape = Shape::Object(&[("Name", Shape::Text), ("Message", Shape::Text)]);

/// What in an example no root cause can have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A member, and those that may stand there.
    Unknown(String, Vec<&'static str>),
    /// A member, and what it is.
    Type(String, &'static str),
}

/// Whether every member of the array's examples is one that root causes have.
pub(crate) fn check(json: &Value) -> Result<(), Problem> {
    Shape::ListOf(&CAUSE).check(json, "the array")
}

impl Shape {
    fn check(&self, json: &Value, member: &str) -> Result<(), Problem> {
        match (self, json) {
            // As X-Ray writes what is not known.
            (_, Value::Null) | (Self::Boolean, Value::Bool(_)) | (Self::Number, Value::Number(_)) => Ok(()),
            (Self::Text, Value::String(_)) => Ok(()),
            (Self::ListOf(shape), Value::Array(elements)) => {
                elements.iter().try_for_each(|element| shape.check(element, member))
            }
            (Self::Object(members), Value::Object(object)) => object.iter().try_for_each(|(name, value)| {
                match members.iter().find(|(known, _)| known == name) {
                    Some((_, shape)) => shape.check(value, name),
                    None => {
                        Err(Problem::Unknown(name.clone(), members.iter().map(|(known, _)| *known).collect()))
                    }
                }
            }),
            _ => Err(Problem::Type(member.to_owned(), self.noun())),
        }
    }

    const fn noun(&self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::ListOf(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Whether each example has its like among the causes, which are as the API writes them.
pub(crate) fn matches(examples: &Value, causes: &[Value]) -> bool {
    let examples = examples.as_array().map(Vec::as_slice).unwrap_or_default();
    examples.iter().all(|example| causes.iter().any(|cause| is_like(example, cause)))
}

fn is_like(example: &Value, found: &Value) -> bool {
    match (example, found) {
        (Value::Object(example), Value::Object(found)) => has_members(example, found),
        (Value::Array(example), Value::Array(found)) => {
            example.len() == found.len()
                && example.iter().zip(found).all(|(example, found)| is_like(example, found))
        }
        (Value::Number(example), Value::Number(found)) => example.as_f64() == found.as_f64(),
        _ => example == found,
    }
}

fn has_members(example: &Map<String, Value>, found: &Map<String, Value>) -> bool {
    // A member that is not written is not known, which `null` says too.
    example.iter().all(|(name, example)| is_like(example, found.get(name).unwrap_or(&Value::Null)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_like_one(examples: &Value) -> bool {
        assert_eq!(check(examples), Ok(()));
        let causes = [
            json!({"ClientImpacting": true, "Services": [
                {"Name": "shop/prod", "Names": ["shop/prod"], "Type": "AWS::ApiGateway::Stage", "Inferred": false},
                {"Name": "orders", "Names": ["orders"], "Inferred": false, "EntityPath":
                    [{"Name": "orders", "Remote": false, "Coverage": 0.5, "Exceptions": []}]}]}),
            json!({"ClientImpacting": false, "Services": []}),
        ];
        matches(examples, &causes)
    }

    #[test]
    fn what_is_left_out_may_be_anything() {
        assert!(is_like_one(&json!([{"Services": [{"Name": "shop/prod"}, {"Name": "orders"}]}])));
        assert!(is_like_one(&json!([{}])));
        assert!(is_like_one(&json!([])));
        assert!(!is_like_one(&json!([{"Services": [{"Name": "shop/prod"}, {"Name": "items"}]}])));
    }

    #[test]
    fn lists_have_the_same_length_and_order() {
        assert!(!is_like_one(&json!([{"Services": [{"Name": "orders"}, {"Name": "shop/prod"}]}])));
        assert!(!is_like_one(&json!([{"Services": [{"Name": "shop/prod"}]}])));
        assert!(is_like_one(&json!([{"Services": [{}, {"EntityPath": [{"Coverage": 0.5}]}]}])));
    }

    #[test]
    fn null_is_what_is_not_known_and_every_example_needs_its_like() {
        assert!(is_like_one(&json!([{"Services": [{}, {"Type": null, "Name": "orders"}]}])));
        assert!(is_like_one(&json!([{"ClientImpacting": true}, {"ClientImpacting": false}])));
        assert!(!is_like_one(&json!([{"ClientImpacting": true}, {"Services": [{}]}])));
    }

    #[test]
    fn members_that_no_root_cause_has_are_named() {
        let unknown = check(&json!([{"services": []}]));
        assert_eq!(unknown, Err(Problem::Unknown("services".into(), vec!["Services", "ClientImpacting"])));
        let of_type = check(&json!([{"Services": [{"Name": 1}]}]));
        assert_eq!(of_type, Err(Problem::Type("Name".into(), "a text")));
        assert_eq!(check(&json!([1])), Err(Problem::Type("the array".into(), "an object")));
    }
}
