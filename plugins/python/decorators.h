// The module uwsgidecorators, whose source is compiled into the plugin: there is no file to install or to
// lose.
#pragma once

namespace mortise::python {

// Makes `import uwsgidecorators` possible. [before the interpreter starts]
void offer_decorators_module();

}  // namespace mortise::python
