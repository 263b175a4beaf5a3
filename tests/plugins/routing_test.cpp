// The pure parts of the routing plugin: the syntax of routes, networks, arithmetic.
#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <string>

#include "plugins/routing/address_match.h"
#include "plugins/routing/arithmetic.h"
#include "plugins/routing/route_syntax.h"

using namespace mortise::routing;

TEST_CASE("a route is a pattern, an action and its arguments", "[routing]") {
  RouteText route = parse_route("^/old/(.*)   redirect:http://x/$1 y", Subject::kPattern);
  CHECK(route.error.empty());
  CHECK(route.subject == "^/old/(.*)");
  CHECK(route.action == "redirect");
  CHECK(route.args == "http://x/$1 y");
}

TEST_CASE("a condition stands before its own arguments", "[routing]") {
  RouteText route = parse_route("equal:${A};b=c:d log:x:y", Subject::kCondition);
  CHECK(route.condition == "equal");
  CHECK(route.subject == "${A};b=c:d");
  CHECK(route.action == "log");
  CHECK(route.args == "x:y");
}

TEST_CASE("a label has no action, a run no subject", "[routing]") {
  CHECK(parse_route("  the end", Subject::kLabel).subject == "the end");
  CHECK(parse_route("last:", Subject::kNothing).action == "last");
  CHECK(parse_route("last:", Subject::kNothing).args.empty());
}

TEST_CASE("routes that lack something say what", "[routing]") {
  CHECK(!parse_route("", Subject::kPattern).error.empty());
  CHECK(!parse_route("^/x", Subject::kPattern).error.empty());
  CHECK(!parse_route("^/x :y", Subject::kPattern).error.empty());
  CHECK(!parse_route(":x log:", Subject::kCondition).error.empty());
  CHECK(!parse_route("99 log:", Subject::kStatus).error.empty());
  CHECK(!parse_route("601 log:", Subject::kStatus).error.empty());
  CHECK(!parse_route(" ", Subject::kLabel).error.empty());
}

TEST_CASE("the option's name tells the chain", "[routing]") {
  CHECK(chain_of_option("route-host") == Chain::kRequest);
  CHECK(chain_of_option("error-route") == Chain::kError);
  CHECK(chain_of_option("response-route-if") == Chain::kResponse);
  CHECK(chain_of_option("final-route-run") == Chain::kFinal);
}

TEST_CASE("addresses lie in networks", "[routing]") {
  CHECK(address_in(AF_INET, "10.1.2.3", "10.0.0.0/8"));
  CHECK(!address_in(AF_INET, "11.1.2.3", "10.0.0.0/8"));
  CHECK(address_in(AF_INET, "192.168.1.129", "192.168.1.128/25"));
  CHECK(!address_in(AF_INET, "192.168.1.127", "192.168.1.128/25"));
  CHECK(address_in(AF_INET, "1.2.3.4", "1.2.3.4"));
  CHECK(address_in(AF_INET, "1.2.3.4", "0.0.0.0/0"));
  CHECK(address_in(AF_INET6, "fe80::1", "fe80::/10"));
  CHECK(!address_in(AF_INET6, "2001::1", "fe80::/10"));
  for (const char *wrong : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::1/64", "10.0.0/8"})
    CHECK(!address_in(AF_INET, "10.0.0.1", wrong));
  CHECK(!address_in(AF_INET, "x", "0.0.0.0/0"));
}

static std::string calculated(std::string_view expression) {
  auto result = evaluate(expression, [](std::string_view name) { return name == "A" ? 7.0 : 0.0; });
  return result ? std::to_string(static_cast<long>(*result)) : "none";
}

TEST_CASE("expressions follow the usual order", "[routing]") {
  CHECK(calculated("1 + 2 * 3") == "7");
  CHECK(calculated("(1 + 2) * -3") == "-9");
  CHECK(calculated("2 ^ 3 ^ 2") == "512");
  CHECK(calculated("A % 4 + B") == "3");
  CHECK(calculated("10 / 4 * 2") == "5");
}

TEST_CASE("what is no expression has no value", "[routing]") {
  for (const char *wrong : {"", "1 +", "(1", "1)", "1 1", "*", "1/0", "$"})
    CHECK(calculated(wrong) == "none");
  CHECK(calculated(std::string(100000, '(')) == "none");
  CHECK(calculated(std::string(100000, '-')) == "none");
}
