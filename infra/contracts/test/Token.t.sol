// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Authorization} from "../Authorization.sol";
import {Token} from "../Token.sol";
import {World} from "./World.sol";

contract TokenTest is World {
    uint256 private constant ANN = 0xA1;
    address private constant SHOP = address(0x5409);

    function test_hasSixDecimals() public view {
        _equal(token.decimals(), 6, "decimals");
    }

    function test_onlyTheMinterMints() public {
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        token.mint(SHOP, 1);
        _mint(SHOP, 1);
        _equal(token.balanceOf(SHOP), 1, "minted");
    }

    function test_supplyStaysWithin63Bits() public {
        _mint(SHOP, token.MAX_SUPPLY());
        vm.prank(OPERATOR);
        _refuses(Token.SupplyExceeded.selector);
        token.mint(SHOP, 1);
    }

    function test_anAuthorisationPaysItsReceiverOnce() public {
        _mint(vm.addr(ANN), 10);
        Authorization memory a = _sign(ANN, SHOP, 4, "order 7");
        _refuses(IERC20Errors.ERC20InvalidReceiver.selector); // a thief in front of the shop gets nothing
        token.receiveWithAuthorization(vm.addr(ANN), SHOP, 4, 0, a.validBefore, "order 7", a.v, a.r, a.s);
        vm.prank(SHOP);
        token.receiveWithAuthorization(vm.addr(ANN), SHOP, 4, 0, a.validBefore, "order 7", a.v, a.r, a.s);
        _equal(token.balanceOf(SHOP), 4, "paid");
        vm.prank(SHOP);
        _refuses(ERC3009.ERC3009UsedAuthorization.selector);
        token.receiveWithAuthorization(vm.addr(ANN), SHOP, 4, 0, a.validBefore, "order 7", a.v, a.r, a.s);
    }

    function testFuzz_anAuthorisationFitsNoOtherAmountOrAction(uint64 units, bytes32 nonce) public {
        vm.assume(units != 4 || nonce != "order 7");
        _mint(vm.addr(ANN), type(uint64).max / 2);
        Authorization memory a = _sign(ANN, SHOP, 4, "order 7");
        vm.prank(SHOP);
        _refuses(ERC3009.ERC3009InvalidSignature.selector);
        token.receiveWithAuthorization(vm.addr(ANN), SHOP, units, 0, a.validBefore, nonce, a.v, a.r, a.s);
    }

    function test_anAuthorisationEnds() public {
        _mint(vm.addr(ANN), 4);
        Authorization memory a = _sign(ANN, SHOP, 4, "order 7");
        vm.warp(a.validBefore);
        vm.prank(SHOP);
        _refuses(ERC3009.ERC3009InvalidAuthorizationTime.selector);
        token.receiveWithAuthorization(vm.addr(ANN), SHOP, 4, 0, a.validBefore, "order 7", a.v, a.r, a.s);
    }
}
