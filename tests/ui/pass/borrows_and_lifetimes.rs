#![deny(warnings)]

use std::borrow::Cow;
use std::collections::HashMap;
use tracer_runtime::capture_method;

struct Cache {
    of: HashMap<String, String>,
}

impl Cache {
    #[capture_method]
    fn get(&mut self, key: &str) -> Option<&mut String> {
        if key.is_empty() {
            return None;
        }
        self.of.get_mut(key)
    }

    #[capture_method]
    async fn load<'a>(&'a mut self, key: &str) -> Result<&'a str, String> {
        let value = self.of.entry(key.to_owned()).or_default();
        Ok(value)
    }

    #[capture_method]
    fn cow(&self, key: &str) -> Cow<'_, str> {
        self.of.get(key).map_or(Cow::Borrowed(""), |value| Cow::Borrowed(value))
    }
}

#[capture_method]
fn longest<'a, 'b: 'a>(a: &'a str, b: &'b str) -> &'a str {
    if a.len() > b.len() { a } else { b }
}

#[capture_method]
fn swap<T>(numbers: &mut [T], at: usize) -> &mut T {
    let (first, rest) = numbers.split_at_mut(at);
    std::mem::swap(&mut first[0], &mut rest[0]);
    &mut rest[0]
}

#[capture_method]
fn visit(numbers: &[u8], mut of: impl FnMut(&u8)) {
    numbers.iter().for_each(&mut of);
}

#[capture_method]
fn unsized_default<T: ?Sized + ToString>(value: &T) -> Box<dyn Fn() -> String + '_> {
    Box::new(move || value.to_string())
}

fn main() {
    let mut cache = Cache { of: HashMap::from([("a".to_owned(), "b".to_owned())]) };
    cache.get("a").unwrap().push('c');
    assert_eq!(cache.cow("a"), "bc");
    drop(cache.load("a"));
    assert_eq!(longest("a", "bc"), "bc");
    assert_eq!(*swap(&mut [1, 2], 1), 1);
    let mut sum = 0;
    visit(&[1, 2], |number| sum += number);
    assert_eq!(sum, 3);
    assert_eq!(unsized_default("a")(), "a");
}
