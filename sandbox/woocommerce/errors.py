"""Errors as the shop answers them."""

from typing import Any


class ShopError(Exception):
    """One refused request: Woo's code, message, HTTP status and extra data."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data: dict[str, Any] = {"status": status, **data}

    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        return {"code": self.code, "message": self.message, "data": self.data}


def invalid_parameters(problems: dict[str, str]) -> ShopError:
    """WordPress' answer to parameters of the wrong type or range."""
    details = {
        name: {"code": "rest_invalid_type" if "type" in text else "rest_not_in_enum", "message": text, "data": None}
        for name, text in problems.items()
    }
    return ShopError(
        "rest_invalid_param", f"Invalid parameter(s): {', '.join(problems)}", 400, params=problems, details=details
    )


def invalid_id(kind: str = "product") -> ShopError:
    """No such product or variation."""
    return ShopError(f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", 404)


def no_route() -> ShopError:
    """No such address, or not with this method."""
    return ShopError("rest_no_route", "No route was found matching the URL and request method.", 404)
