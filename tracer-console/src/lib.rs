//! X-Ray on your own machine.
