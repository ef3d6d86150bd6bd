// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Authorization} from "../Authorization.sol";
import {IRegistry} from "../IRegistry.sol";
import {Registry} from "../Registry.sol";
import {Rewards} from "../Rewards.sol";
import {Token} from "../Token.sol";

/// @dev The cheat codes of forge that these tests use.
interface Vm {
    function prank(address caller) external;
    function warp(uint256 time) external;
    function assume(bool holds) external pure;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function expectRevert(bytes calldata data) external;
    function expectPartialRevert(bytes4 selector) external;
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);
    function snapshotValue(string calldata group, string calldata name, uint256 value) external;
}

/// @dev The deployed network and the people in it; the same roles as infra/chain-deploy.ts gives.
abstract contract World {
    // forge finds tests by this, and cheat codes live at keccak256("hevm cheat code").
    bool public constant IS_TEST = true;
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint64 internal constant BOND = 10e6;
    uint64 internal constant LEAST_BOND = 1e6;
    uint64 internal constant CHALLENGE_BOND = 2e6;
    uint32 internal constant WINDOW = 600;
    uint32 internal constant OBJECTIONS = 900;
    uint32 internal constant TERM = 90 days;

    address internal constant OPERATOR = address(0xA11);
    address internal constant POSTER = address(0xA12);
    address internal constant ARBITER = address(0xA13);
    address internal constant GUARDIAN = address(0xA14);
    address internal constant TREASURY = address(0xA15);

    AccessManager internal manager;
    Token internal token;
    Registry internal registry;
    Rewards internal rewards;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        manager = new AccessManager(address(this));
        token = new Token(address(manager));
        registry = new Registry(address(manager), token, TREASURY, LEAST_BOND, WINDOW, OBJECTIONS, TERM);
        rewards = new Rewards(address(manager), token, TREASURY, WINDOW, CHALLENGE_BOND);
        manager.grantRole(1, ARBITER, 0);
        manager.grantRole(2, GUARDIAN, 0);
        manager.grantRole(3, OPERATOR, 0);
        _allow(address(registry), registry.resolvePoll.selector, 1);
        _allow(address(registry), registry.accuse.selector, 1);
        _allow(address(registry), registry.slash.selector, 1);
        _allow(address(rewards), rewards.resolve.selector, 1);
        _allow(address(registry), registry.dropAccusation.selector, 2);
        _allow(address(registry), registry.markTakedown.selector, 2);
        _allow(address(rewards), rewards.freeze.selector, 2);
        _allow(address(rewards), rewards.setPause.selector, 2);
        _allow(address(token), token.mint.selector, 3);
        registry.appointRegistrar(OPERATOR);
        rewards.appointPoster(POSTER);
    }

    function _allow(address target, bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }

    function _mint(address to, uint256 units) internal {
        vm.prank(OPERATOR);
        token.mint(to, units);
    }

    /// @dev The receive authorisation of the person with this private key, valid for an hour.
    function _sign(uint256 key, address to, uint256 units, bytes32 nonce) internal view returns (Authorization memory a) {
        a.validBefore = block.timestamp + 3600;
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 body = keccak256(abi.encode(typehash, vm.addr(key), to, units, 0, a.validBefore, nonce));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), body));
        (a.v, a.r, a.s) = vm.sign(key, digest);
    }

    function _fund(uint256 key, uint64 units, bytes32 salt) internal {
        _mint(vm.addr(key), units);
        bytes32 nonce = keccak256(abi.encode(rewards.FUND(), salt));
        rewards.fund(vm.addr(key), units, salt, _sign(key, address(rewards), units, nonce));
    }

    function _propose(uint256 key, bytes32 proposalId) internal {
        _mint(vm.addr(key), BOND);
        bytes32 nonce = keccak256(abi.encode(registry.PROPOSE(), proposalId, bytes32("content")));
        Authorization memory a = _sign(key, address(registry), BOND, nonce);
        registry.propose(proposalId, "content", vm.addr(key), BOND, a);
    }

    function _pledge(uint256 key, bytes32 proposalId, uint64 units, bytes32 salt) internal {
        _mint(vm.addr(key), units);
        bytes32 nonce = keccak256(abi.encode(registry.PLEDGE(), proposalId, salt));
        registry.pledge(proposalId, vm.addr(key), units, salt, _sign(key, address(registry), units, nonce));
    }

    function _poll(bytes32 proposalId, bool passed) internal {
        vm.prank(OPERATOR);
        registry.recordPoll(proposalId, _result(passed));
    }

    function _dispute(uint256 key, bytes32 proposalId) internal {
        _mint(vm.addr(key), LEAST_BOND);
        bytes32 pollHash = registry.proposal(proposalId).pollHash;
        bytes32 nonce = keccak256(abi.encode(registry.DISPUTE(), proposalId, pollHash, bytes32("evidence")));
        Authorization memory a = _sign(key, address(registry), LEAST_BOND, nonce);
        registry.disputePoll(proposalId, vm.addr(key), "evidence", a);
    }

    function _result(bool passed) internal pure returns (IRegistry.Poll memory) {
        return IRegistry.Poll("ballots", passed ? 20 : 3, 5, "file", passed);
    }

    function _statusIs(bytes32 proposalId, IRegistry.Status wanted) internal view {
        _equal(uint256(registry.statusOf(proposalId)), uint256(wanted), "status");
    }

    error NotEqual(string what, uint256 found, uint256 wanted);
    error NotTrue(string what);

    function _equal(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, found, wanted);
    }

    function _true(bool holds, string memory what) internal pure {
        if (!holds) revert NotTrue(what);
    }

    function _refuses(bytes4 selector) internal {
        vm.expectPartialRevert(selector);
    }
}
