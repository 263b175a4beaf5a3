// Handlers of exceptions that a language's plugin reports: `exception-handler = name[:arg]`.
#pragma once

#include <uwsgi.h>

namespace mortise::hooks {

// Makes the instances that the option asks for. False, and the log says why. [master, init]
bool prepare_exception_handlers(const uwsgi_string_list *wanted);

}  // namespace mortise::hooks
