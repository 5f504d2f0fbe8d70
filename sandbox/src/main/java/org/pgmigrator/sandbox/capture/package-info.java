/// What real servers send, written down: the fixtures of the decoder's tests.
///
/// Owns: the list of what is captured, and the way from a workload to a file of pgoutput messages. Does not own: any
/// knowledge of what the messages mean; that is the decoder's, whose tests read the files.
///
/// Left neighbour: `server`. Right neighbour: the folder `fixtures` among the decoder's test resources.
@NullMarked
package org.pgmigrator.sandbox.capture;

import org.jspecify.annotations.NullMarked;
