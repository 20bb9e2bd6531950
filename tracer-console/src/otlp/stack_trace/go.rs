//! Go's stack traces: a line for the function, and a line for the place.

use super::{Frame, Thrown, split_line};

pub(super) fn read(text: &str) -> Vec<Thrown> {
    let mut thrown = Thrown::default();
    let mut label = "";
    for line in text.lines() {
        match line.strip_prefix('\t').and_then(place) {
            Some((path, line)) => {
                let label = std::mem::take(&mut label);
                thrown.push(Frame { label: label.to_owned(), path: path.to_owned(), line });
            }
            None => label = line,
        }
    }
    vec![thrown]
}

/// `/src/main.go:56 +0x18f`
fn place(text: &str) -> Option<(&str, u64)> {
    split_line(text.split_once(" +0x").map_or(text, |(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::super::frames;
    use super::*;

    #[test]
    fn a_frame_is_two_lines() {
        let text = "goroutine 19 [running]:
go.opentelemetry.io/otel/sdk/trace.recordStackTrace(0x0, 0x0)
\totel-go-core/sdk/trace/span.go:323 +0x9b
main.pay()
\tC:/src/my shop/main.go:56 +0x18f
created by main.main
\t/src/main.go:9";
        assert_eq!(
            frames(&read(text)[0]),
            [
                (
                    "go.opentelemetry.io/otel/sdk/trace.recordStackTrace(0x0, 0x0)",
                    "otel-go-core/sdk/trace/span.go",
                    323
                ),
                ("main.pay()", "C:/src/my shop/main.go", 56),
                ("created by main.main", "/src/main.go", 9),
            ]
        );
    }
}
