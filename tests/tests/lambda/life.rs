//! A function in the local Lambda, and the console that its datagrams come to over a real socket.

use std::time::Duration;

use serde_json::Value;
use tracer_console::{
    Console, ConsoleOptions, Function, FunctionBuilder, Invocation, InvocationResult, LocalLambda, Trace,
};

pub(crate) struct Life {
    pub(crate) console: Console,
    // Dropped with the test: no process outlives it.
    _lambda: LocalLambda,
    pub(crate) function: Function,
}

impl Life {
    /// Of a function by its name and binary.
    pub(crate) fn of(
        name: &str,
        binary: &str,
        set_up: impl FnOnce(FunctionBuilder) -> FunctionBuilder,
    ) -> Self {
        let console = Console::start(ConsoleOptions::any_port()).unwrap();
        let lambda = LocalLambda::builder().console(&console).start().unwrap();
        let function = set_up(lambda.function(name, binary).timeout(Duration::from_secs(20)));
        Self { console, _lambda: lambda, function: function.start().unwrap() }
    }

    pub(crate) fn invoke(&self, event: Value) -> (InvocationResult, Trace) {
        let result = self.function.invoke(Invocation::json(event)).unwrap();
        let trace = self.trace(&result, |_| true);
        (result, trace)
    }

    /// The invocation's trace once it is settled and ready.
    pub(crate) fn trace(&self, result: &InvocationResult, is_ready: impl Fn(&Trace) -> bool) -> Trace {
        let id = result.trace_id().expect("it is sampled");
        let ready = |trace: &Trace| trace.is_settled() && is_ready(trace);
        self.console.store().wait_for_trace(id, ready, Duration::from_secs(20)).unwrap()
    }
}
