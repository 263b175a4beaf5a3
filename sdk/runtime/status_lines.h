// Reason phrases of the IANA status code registry (RFC 9110 §15 and successors).
#pragma once

namespace mortise {

// "404 Not Found" for 404. [any thread]
const char *status_line(int status);

}  // namespace mortise
